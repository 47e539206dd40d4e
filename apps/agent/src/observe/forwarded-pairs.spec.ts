import { readPairs } from './forwarded-pairs.js';

/** As nft 1.0.6 prints it. */
const LISTED =
  '{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"family": "inet", "name": "pairs4", "elem": [' +
  '{"elem": {"val": {"concat": ["10.90.0.2", "10.90.0.1"]}, "expires": 29}}]}}]}';

test('pairs of addresses are read from a set of nftables', () => {
  expect(readPairs(LISTED)).toEqual([['10.90.0.2', '10.90.0.1']]);
});

test('an empty set has none', () => {
  expect(readPairs('{"nftables": [{"metainfo": {}}, {"set": {"name": "pairs4"}}]}')).toEqual([]);
});
