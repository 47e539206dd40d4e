import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, Refusal } from '#contracts/errors.js';

/** Checks bodies and queries against their classes: unknown fields and wrong types are refused, nothing is converted in a body. */
@Injectable()
export class FieldValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      exceptionFactory: (errors) => refusalOf(errors.flatMap((error) => fieldErrors(error))),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && !isObject(value))
      throw refusalOf([{ field: '', message: 'the body must be a JSON object' }]);
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      // class-transformer takes apart what is not checked yet, and stumbles over null in lists and over deep nesting.
      if (error instanceof TypeError || error instanceof RangeError)
        throw refusalOf([{ field: '', message: 'the body must be made of the documented fields' }]);
      throw error;
    }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldErrors(error: ValidationError, parent = ''): FieldError[] {
  const index = /^\d+$/.test(error.property);
  const field = parent === '' ? error.property : index ? `${parent}[${error.property}]` : `${parent}.${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) => ({
    field,
    message: constraint === 'whitelistValidation' ? 'is not a field of this request' : without(error.property, message),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, field))];
}

/** class-validator begins its messages with the property, which `field` names already. */
function without(property: string, message: string): string {
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}

function refusalOf(errors: FieldError[]): Refusal {
  const named = errors.map(({ field, message }) => (field ? `${field} ${message}` : message)).join('; ');
  return new Refusal('invalid', `The request is not valid: ${named}.`, errors);
}
