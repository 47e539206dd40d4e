import type { FieldError } from '#contracts/errors.js';
import type { Labels } from '#contracts/facts.js';
import { quote } from '#ipam/address.js';

export const MAX_LABELS = 32;

const KEY = /^[A-Za-z0-9]([-_./A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$/;

/** Keys and values are up to 63 characters, close to Kubernetes' own labels so that they can be copied from there. */
export function labelErrors(labels: Labels | undefined, field = 'labels'): FieldError[] {
  const entries = Object.entries(labels ?? {});
  if (entries.length > MAX_LABELS) return [{ field, message: `must be at most ${MAX_LABELS}` }];
  return entries.flatMap(([key, value]) => {
    if (!KEY.test(key))
      return [{ field, message: `has a key that is not 1 to 63 letters, digits, '-', '_', '.' or '/': ${quote(key)}` }];
    if (typeof value !== 'string' || !VALUE.test(value))
      return [{ field: `${field}.${key}`, message: `must be up to 63 letters, digits, '-', '_' or '.'` }];
    return [];
  });
}

/** A site is named like a label's value; null and undefined pass. */
export function siteErrors(site: string | null | undefined): FieldError[] {
  if (site === null || site === undefined || (site !== '' && VALUE.test(site))) return [];
  return [{ field: 'site', message: `must be 1 to 63 letters, digits, '-', '_' or '.'` }];
}

export function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
