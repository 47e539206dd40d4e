import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';

const idempotencyKey = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'Any text of 1 to 255 characters. The same key again, from the same actor on the same path, gets the first answer.',
});

const ifMatch = ApiHeader({
  name: 'If-Match',
  required: false,
  description: 'ETag of the resource as it was read; 412 if it has changed since.',
});

/** Documents a command that makes something. */
export const ApiCreates = () => applyDecorators(idempotencyKey);

/** Documents a command on something that exists. */
export const ApiChanges = () => applyDecorators(idempotencyKey, ifMatch);
