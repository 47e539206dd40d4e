import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { type FieldError, Refusal } from '#contracts/errors.js';

const VALIDATION = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
} as const;

/**
 * Reads what came over the network as an object of a class: unknown fields and wrong types are refused, nothing is converted.
 * @throws Refusal `invalid`, naming each field
 */
export function readFields<T extends object>(of: ClassConstructor<T>, value: unknown, parent = ''): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refusalOf([{ field: parent, message: 'must be a JSON object' }]);
  let read: T;
  let errors: ValidationError[];
  try {
    read = plainToInstance(of, value);
    errors = validateSync(read, VALIDATION);
  } catch (error) {
    // class-transformer takes apart what is not checked yet, and stumbles over null in lists and over deep nesting.
    if (error instanceof TypeError || error instanceof RangeError)
      throw refusalOf([{ field: parent, message: 'must be made of the documented fields' }]);
    throw error;
  }
  if (errors.length > 0) throw refusalOf(errors.flatMap((error) => fieldErrors(error, parent)));
  return read;
}

function fieldErrors({ property, constraints, children }: ValidationError, parent: string): FieldError[] {
  const path = /^\d+$/.test(property) ? `[${property}]` : `.${property}`;
  const field = parent === '' ? property : parent + path;
  const own = Object.entries(constraints ?? {}).map(([constraint, message]) => ({
    field,
    message: constraint === 'whitelistValidation' ? 'is not a field of this command' : without(property, message),
  }));
  return [...own, ...(children ?? []).flatMap((child) => fieldErrors(child, field))];
}

/** class-validator begins its messages with the property, which `field` names already. */
const without = (property: string, message: string) =>
  message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;

function refusalOf(errors: FieldError[]): Refusal {
  const named = errors.map(({ field, message }) => (field ? `${field} ${message}` : message)).join('; ');
  return new Refusal('invalid', `The command is not valid: ${named}.`, errors);
}
