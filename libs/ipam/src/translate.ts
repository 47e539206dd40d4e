import { Refusal } from '#contracts/errors.js';
import { formatAddress, type Address } from './address.js';
import { contains, formatPrefix, sizeOf, type Prefix } from './prefix.js';

/**
 * The address with the same host bits in another prefix: `10.42.7.9` from `10.42.0.0/16` to `100.97.0.0/16` is `100.97.7.9`.
 * @throws Refusal `invalid` when the prefixes differ in family or length, or the address is not in `from`
 */
export function translate(address: Address, from: Prefix, to: Prefix): Address {
  if (from.family !== to.family || from.length !== to.length)
    throw new Refusal(
      'invalid',
      `${formatPrefix(from)} and ${formatPrefix(to)} differ in size: only prefixes of one family and length map 1:1`,
    );
  if (!contains(from, address))
    throw new Refusal(
      'invalid',
      `${formatAddress(address)} is not in ${formatPrefix(from)}; name an address of that range`,
    );
  return { family: to.family, value: to.base + (address.value - from.base) };
}

/** The lowest prefix of that length in `pool` that overlaps none of `taken`; undefined: there is none. */
export function lowestFreePrefix(pool: Prefix, length: number, taken: readonly Prefix[]): Prefix | undefined {
  if (length < pool.length) return undefined;
  const end = pool.base + sizeOf(pool);
  const size = sizeOf({ ...pool, length });
  const inside = taken
    .filter(({ family, base }) => family === pool.family && base < end)
    .sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
  let base = pool.base;
  for (const other of inside) {
    if (base + size <= other.base) break;
    const past = other.base + sizeOf(other);
    // Up to the next boundary: a prefix begins at a multiple of its size.
    if (past > base) base = ((past + size - 1n) / size) * size;
  }
  return base + size <= end ? { family: pool.family, base, length } : undefined;
}
