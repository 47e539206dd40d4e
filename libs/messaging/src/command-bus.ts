import { errors } from '@nats-io/transport-node';
import { Refusal, type RefusalCode, Unavailable } from '#contracts/errors.js';
import { commandSubject } from '#contracts/subjects.js';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';

export type Owner = 'gateway-manager' | 'relay-planner';

export interface ServedCommand {
  service: Owner;
  command: string;
  /** @throws Refusal, which reaches the one who asked as it is */
  handle(request: unknown): Promise<unknown>;
  logger?: Logger;
}

type Answer =
  | { ok: true; answer: unknown }
  | { ok: false; code: RefusalCode; detail: string; errors: Refusal['errors'] }
  | { ok: false; code: 'failed' };

/** How long an owner may take, milliseconds: an append with its retries, and a replica that was just killed. */
const TIMEOUT_MS = 5_000;

/** Answers one command of an owner; each request reaches one replica. Returns a function that ends it. */
export function serveCommand(
  connection: ServiceConnection,
  { service, command, handle, logger }: ServedCommand,
): () => void {
  const subscription = connection.nats.subscribe(commandSubject(service, command), {
    queue: service,
    callback: (_error, message) => {
      void answerTo(message.string(), handle, logger).then((answer) => message.respond(JSON.stringify(answer)));
    },
  });
  return () => subscription.unsubscribe();
}

/**
 * Asks the owner of a kind of fact.
 * @throws Refusal of the owner; Unavailable when no replica of it answers: ask again with the same command id
 */
export async function requestCommand<T>(
  connection: ServiceConnection,
  { service, command, request }: { service: Owner; command: string; request: unknown },
): Promise<T> {
  let answer: Answer;
  try {
    const message = await connection.nats.request(commandSubject(service, command), JSON.stringify(request), {
      timeout: TIMEOUT_MS,
    });
    answer = message.json<Answer>();
  } catch (error) {
    const reason = error instanceof errors.NoRespondersError ? 'no replica of it runs' : (error as Error).message;
    throw new Unavailable('service', `${service} does not answer: ${reason}`, { cause: error });
  }
  if (answer.ok) return answer.answer as T;
  if (answer.code === 'failed') throw new Unavailable('service', `${service} could not handle ${command}`);
  throw new Refusal(answer.code, answer.detail, answer.errors);
}

async function answerTo(text: string, handle: ServedCommand['handle'], logger?: Logger): Promise<Answer> {
  try {
    return { ok: true, answer: (await handle(JSON.parse(text))) ?? null };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, code: error.code, detail: error.detail, errors: error.errors };
    logger?.warn({ err: error }, 'command failed');
    return { ok: false, code: 'failed' };
  }
}
