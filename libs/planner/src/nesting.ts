import { BITS } from '#ipam/address.js';
import { formatPrefix, parsePrefix } from '#ipam/prefix.js';

/** Which of some canonical prefixes lie in which others, looked up by lengths that occur. */
export class Nesting {
  readonly #wider = new Map<string, readonly string[]>();

  constructor(prefixes: ReadonlySet<string>) {
    const parsed = [...prefixes].map((text) => ({ text, prefix: parsePrefix(text) }));
    const lengths = {
      4: descending(parsed.filter(({ prefix }) => prefix.family === 4).map(({ prefix }) => prefix.length)),
      6: descending(parsed.filter(({ prefix }) => prefix.family === 6).map(({ prefix }) => prefix.length)),
    };
    for (const { text, prefix } of parsed) {
      const { family, base } = prefix;
      const around = lengths[family]
        .filter((length) => length < prefix.length)
        .map((length) => {
          const hostBits = BigInt(BITS[family] - length);
          return formatPrefix({ family, base: (base >> hostBits) << hostBits, length });
        })
        .filter((wide) => prefixes.has(wide));
      this.#wider.set(text, around);
    }
  }

  /** Those that hold it, the longest first. */
  wider = (prefix: string): readonly string[] => this.#wider.get(prefix) ?? [];
}

const descending = (lengths: readonly number[]): number[] => [...new Set(lengths)].sort((a, b) => b - a);
