import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What parsers, languages and stores trip over. */
const nasty: Json[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 63), 65_536],
  ...['', ' ', '*', '>', '.', '..', '../..', '\0', '\n', '\u2028', '\ud800', '\u202e', 'ÿ', '%00', '-0', '1e3', 'null'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a'.repeat(64), 'a'.repeat(300), 'A', '-a', 'a-'],
  ...[
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.1/8',
    '010.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1%eth0',
    '1.2.3.4:70000',
  ],
  ...[
    '9999-99-99T99:99:99Z',
    '2026-11-20T12:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '=cmd',
    "'; drop table events; --",
  ],
];

export const strange: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...nasty) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Json>([], {}, [[]], [null], { '': '' }, Array<Json>(70).fill('10.1.0.0/16')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
);

const edit = fc.record({
  at: fc.nat({ max: 999 }),
  how: fc.constantFrom('replace', 'replace', 'remove', 'add', 'wrap', 'double', 'swap'),
  value: strange,
  name: fc.constantFrom('extra', '__proto__', 'constructor', 'toString', 'name', 'networkId', 'id', ''),
});
type Edit = { at: number; how: string; value: Json; name: string };

/** One of the examples with up to four changes anywhere in it; sometimes none. */
export function mutated<T extends Json>(examples: fc.Arbitrary<T>): fc.Arbitrary<Json> {
  const edits = fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(edit, { minLength: 1, maxLength: 4 }) },
  );
  return fc.tuple(examples, edits).map(([example, changes]) => changes.reduce(apply, copy(example)));
}

const copy = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;

/** Every place in a value: where it hangs, and under which name. */
function placesIn(value: Json, found: [Json[] | Record<string, Json>, string][]): typeof found {
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, inner] of Object.entries(value)) {
    found.push([value, name]);
    placesIn(inner, found);
  }
  return found;
}

function apply(value: Json, { at, how, value: given, name }: Edit): Json {
  const other = copy(given);
  const root: Record<string, Json> = { root: value };
  const places = placesIn(root, []);
  const [holder, key] = places[at % places.length]!;
  const inside = holder as Record<string, Json>;
  const here = inside[key] as Json;
  if (how === 'replace') inside[key] = other;
  else if (how === 'remove' && key !== 'root') {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete inside[key];
  } else if (how === 'wrap') inside[key] = [here];
  else if (how === 'double') inside[key] = Array.isArray(here) ? [...here, ...here] : [here, here];
  else if (how === 'swap') {
    const [second, secondKey] = places[(at + 1) % places.length]!;
    inside[key] = copy((second as Record<string, Json>)[secondKey] as Json);
  } else if (typeof here === 'object' && here !== null && !Array.isArray(here))
    // As JSON.parse would make it: a field of its own, also for __proto__.
    Object.defineProperty(here, name, { value: other, enumerable: true, configurable: true, writable: true });
  return root.root as Json;
}

/** Bytes with some of them changed, cut, doubled or put in. */
export function damaged(examples: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const cut = fc.record({
    at: fc.nat({ max: 100_000 }),
    remove: fc.nat({ max: 8 }),
    put: fc.uint8Array({ maxLength: 8 }),
  });
  return fc.tuple(examples, fc.array(cut, { maxLength: 4 }), fc.nat({ max: 9 })).map(([bytes, cuts, end]) => {
    let all = Buffer.from(bytes);
    for (const { at, remove, put } of cuts) {
      const from = at % (all.length + 1);
      all = Buffer.concat([all.subarray(0, from), put, all.subarray(from + remove)]);
    }
    return end === 0 ? all.subarray(0, all.length >> 1) : all;
  });
}
