import { isName } from '#contracts/names.js';

const LONGEST = 63;

/** A node name from a host's name: its first label, what cannot stand in a name as a hyphen. */
export function nameFromHost(hostname: string): string {
  const label = hostname.split('.')[0] ?? '';
  const name = cleaned(label).slice(0, LONGEST).replace(/-+$/, '');
  return isName(name) ? name : 'node';
}

/** The same name with something random behind it, for a second try. @param suffix of characters that a name may have */
export function withSuffix(name: string, suffix: string): string {
  return `${name.slice(0, LONGEST - suffix.length - 1).replace(/-+$/, '')}-${suffix}`;
}

const cleaned = (label: string) =>
  label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
