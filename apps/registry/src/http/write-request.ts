import { createParamDecorator, type ExecutionContext, Inject, Injectable, type PipeTransform } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import { Refusal } from '#contracts/errors.js';
import type { GuardedCommand } from '#topology/command.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { parseIfMatch } from './etag.js';

/** What a write request says besides its fields. */
export interface WriteRequest {
  /** Spread into the command: id, actor, time and the version its sender has seen. */
  command: GuardedCommand;
  /** Hash of the request, so that an idempotency key is not reused for another one. */
  fingerprint: string;
}

const MAX_KEY_LENGTH = 255;

/**
 * The id of a command is the client's `Idempotency-Key` scoped by actor, method and path, so that keys of different
 * users or routes never meet; without the header it is fresh.
 */
export function writeRequest(request: FastifyRequest, actor: string, now: Date): WriteRequest {
  const route = `${request.method} ${request.url}`;
  const key = idempotencyKey(request.headers['idempotency-key']);
  const commandId = key === undefined ? uuidv7() : sha256Hex(canonicalJson([actor, route, key]));
  const expectedVersion = parseIfMatch(request.headers['if-match']);
  return {
    command: { commandId, actor, at: now.toISOString(), ...(expectedVersion !== undefined && { expectedVersion }) },
    fingerprint: sha256Hex(`${route}\n${bodyText(request.body)}`),
  };
}

@Injectable()
export class WriteRequestPipe implements PipeTransform<FastifyRequest, WriteRequest> {
  constructor(@Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'clock'>) {}

  transform(request: FastifyRequest): WriteRequest {
    if (!request.actor) throw new Error('a write route without @Access');
    return writeRequest(request, request.actor, this.options.clock.now());
  }
}

const RawRequest = createParamDecorator((_: unknown, context: ExecutionContext) =>
  context.switchToHttp().getRequest<FastifyRequest>(),
);

/** Parameter of a handler: the {@link WriteRequest} of an authenticated request. */
export const Write = () => RawRequest(WriteRequestPipe);

function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = Array.isArray(header) ? header.join() : header;
  if (key.length >= 1 && key.length <= MAX_KEY_LENGTH) return key;
  const message = `must have 1 to ${MAX_KEY_LENGTH} characters`;
  throw new Refusal('invalid', `Idempotency-Key ${message}.`, [{ field: 'Idempotency-Key', message }]);
}

function bodyText(body: unknown): string {
  try {
    return canonicalJson(body ?? null);
  } catch {
    // JSON.parse takes `1e999` (Infinity) and any depth; neither can be written again.
    const message = 'numbers must be finite and nesting shallow';
    throw new Refusal('invalid', `The body cannot be stored: ${message}.`, [{ field: '', message }]);
  }
}
