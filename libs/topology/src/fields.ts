import { isRefusal, Refusal, type FieldError } from '#contracts/errors.js';
import { isName } from '#contracts/names.js';

/** One refusal that names every field that is wrong. @throws Refusal `invalid` */
export function refuseInvalid(errors: FieldError[]): void {
  if (errors.length)
    throw new Refusal('invalid', errors.map(({ field, message }) => `${field} ${message}`).join('; '), errors);
}

/** Checks one part of a request: what it refuses names that part, `errors[].field` paths within it. @throws Refusal of the check */
export function inField<Checked>(field: string, check: () => Checked): Checked {
  try {
    return check();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const within = error.errors.map(({ field: inner, message }) => ({ field: `${field}.${inner}`, message }));
    throw new Refusal(error.code, error.detail, within.length ? within : [{ field, message: error.detail }]);
  }
}

export function nameErrors(name: unknown, field = 'name'): FieldError[] {
  const message = 'must be 1 to 63 lower-case letters, digits and hyphens, and neither begin nor end with a hyphen';
  return isName(name) ? [] : [{ field, message }];
}

/** Undefined passes: the field was not given. */
export function wholeNumberErrors(field: string, value: unknown, [min, max]: readonly [number, number]): FieldError[] {
  const fine = value === undefined || (Number.isInteger(value) && Number(value) >= min && Number(value) <= max);
  return fine ? [] : [{ field, message: `must be a whole number from ${min} to ${max}` }];
}

/** Undefined passes: the field was not given. */
export function oneOfErrors(field: string, value: unknown, choices: readonly string[]): FieldError[] {
  const fine = value === undefined || (typeof value === 'string' && choices.includes(value));
  return fine ? [] : [{ field, message: `must be one of ${choices.join(', ')}` }];
}
