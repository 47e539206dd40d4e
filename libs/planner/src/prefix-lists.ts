import { BITS, type Family } from '#ipam/address.js';
import { formatPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';

/** Canonical prefixes without those that lie in another one of them, sorted as text. */
export function covering(prefixes: Iterable<string>): string[] {
  const asked = [...prefixes];
  return remembered(asked.join(), () => withoutInner(asked));
}

/** What of these prefixes others leave free, as few prefixes as that takes, sorted as text. */
export function except(prefixes: readonly string[], taken: readonly string[]): string[] {
  return remembered(`${prefixes.join()} except ${taken.join()}`, () => outside(prefixes, taken));
}

const answers = new Map<string, readonly string[]>();
const ANSWERS_KEPT = 1000;

/** The same lists are asked for at every member and after every change. */
function remembered(question: string, answer: () => string[]): string[] {
  let known = answers.get(question);
  if (!known) {
    if (answers.size >= ANSWERS_KEPT) answers.clear();
    answers.set(question, (known = answer()));
  }
  return [...known];
}

function withoutInner(prefixes: readonly string[]): string[] {
  const all = [...new Set(prefixes)].map((text) => ({ text, prefix: parsePrefix(text) }));
  return all
    .filter(({ text, prefix }) => !all.some((other) => other.text !== text && isInside(prefix, other.prefix)))
    .map(({ text }) => text)
    .sort();
}

function outside(prefixes: readonly string[], taken: readonly string[]): string[] {
  const others = taken.map(parsePrefix);
  return covering(prefixes)
    .flatMap((text) => without(parsePrefix(text), others))
    .map(formatPrefix)
    .sort();
}

export const familyOf = (prefix: string): Family => (prefix.includes(':') ? 6 : 4);

/** A range with both halves of it, and of those again, until nothing taken is left in any. */
function without(range: Prefix, taken: readonly Prefix[]): Prefix[] {
  const inside = taken.filter((prefix) => overlaps(prefix, range));
  if (inside.length === 0) return [range];
  if (inside.some(({ length }) => length <= range.length)) return [];
  const { family, base } = range;
  const length = range.length + 1;
  const half = 1n << BigInt(BITS[family] - length);
  return [base, base + half].flatMap((start) => without({ family, base: start, length }, inside));
}

/** Whether one canonical prefix lies in another, or is it. */
export const isWithin = (inner: string, outer: string): boolean => isInside(parsePrefix(inner), parsePrefix(outer));

const isInside = (inner: Prefix, outer: Prefix) => inner.length >= outer.length && overlaps(inner, outer);
