import type { Endpoint } from '#contracts/facts.js';
import { lanEndpoint, publicEndpoint } from '../../../test/support/network-history.js';
import { chooseEndpoint, vantageOf } from './choose-endpoint.js';

const pub4 = publicEndpoint('203.0.113.1');
const other4 = publicEndpoint('203.0.113.2');
const pub6 = publicEndpoint('2001:db8::1');
const lan4 = lanEndpoint('192.168.1.1');
const lan6 = lanEndpoint('fd00:1::1');

describe('the endpoint at which one node calls another', () => {
  const cases: [
    string,
    { from: string | null; family?: 4 | 6; to: string | null; offers: Endpoint[]; uses: Endpoint | null },
  ][] = [
    ['LAN inside a site', { from: 'berlin', to: 'berlin', offers: [pub4, lan4], uses: lan4 }],
    [
      'public inside a site where no LAN endpoint is offered',
      { from: 'berlin', to: 'berlin', offers: [pub4], uses: pub4 },
    ],
    ['public between sites', { from: 'berlin', to: 'oslo', offers: [lan4, pub4], uses: pub4 }],
    [
      'public where no site is known: two unknown sites are not one',
      { from: null, to: null, offers: [lan4, pub4], uses: pub4 },
    ],
    ['public into a site from an unknown one', { from: null, to: 'oslo', offers: [lan4, pub4], uses: pub4 }],
    ['LAN between sites when it is all there is', { from: 'berlin', to: 'oslo', offers: [lan4], uses: lan4 }],
    ['none when none is offered', { from: 'berlin', to: 'berlin', offers: [], uses: null }],
    ['IPv4 before IPv6 of one kind', { from: null, to: null, offers: [pub6, pub4], uses: pub4 }],
    ['the first offered of one kind and family', { from: null, to: null, offers: [other4, pub4], uses: other4 }],
    ['kind before family', { from: null, to: null, offers: [lan4, pub6], uses: pub6 }],
    ['IPv6 first for a node of IPv6', { from: null, family: 6, to: null, offers: [pub4, pub6], uses: pub6 }],
    [
      'IPv4 for a node of IPv6 when it is all there is',
      { from: null, family: 6, to: null, offers: [pub4], uses: pub4 },
    ],
    [
      'IPv6 on the LAN for a node of IPv6',
      { from: 'oslo', family: 6, to: 'oslo', offers: [pub4, lan4, lan6], uses: lan6 },
    ],
  ];
  test.each(cases)('%s', (_, { from, family = 4, to, offers, uses }) => {
    expect(chooseEndpoint({ site: from, family }, { site: to, endpoints: offers })).toBe(uses);
  });
});

test.each([
  ['IPv4 first with no endpoint', [], 4],
  ['IPv4 first with both', [pub6, lan4], 4],
  ['IPv6 first with nothing but IPv6', [pub6, lan6], 6],
])('a node tries %s', (_, endpoints, family) => {
  expect(vantageOf({ site: 'berlin', endpoints })).toEqual({ site: 'berlin', family });
});
