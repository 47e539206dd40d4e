import { randomBytes } from 'node:crypto';
import type { Msg } from '@nats-io/transport-node';
import { Refusal, Unavailable } from '#contracts/errors.js';
import type { Logger } from '#event-store/core/logger.js';
import { headersOf } from './acked-publisher.js';
import type { ServiceConnection } from './connection.js';
import { drainSubscription } from './drain.js';
import { MAC_HEADER } from './service-mac.js';

/** What a service answers to a command. */
type Answer =
  | { outcome: 'done'; answer: unknown }
  | { outcome: 'refused'; code: Refusal['code']; detail: string; errors: Refusal['errors'] }
  | { outcome: 'failed'; detail: string };

const TIMEOUT_MS = 5_000;
/** A command is served so long after it was asked, by the clocks of two machines; what is repeated meanwhile is the same command. */
const FRESH_MS = 300_000;

/**
 * Serves one command; replicas share the work. A `Refusal` travels to the asker as it is; any other error becomes
 * `Unavailable` there, so a command must be safe to repeat. What no service proves that it asks is not answered.
 * @param subject from `commandSubject`
 * @returns a function that ends it once what is under way is answered
 */
export function serveCommand(
  connection: ServiceConnection,
  subject: string,
  handle: (command: unknown) => Promise<unknown>,
  logger?: Logger,
): () => Promise<void> {
  const running = new Set<Promise<void>>();
  const serve = async (message: Msg, asked: Asked): Promise<Answer> => {
    const lateBy = Math.abs(Date.now() - asked.at);
    if (lateBy <= FRESH_MS) return { outcome: 'done', answer: await handle(message.json()) };
    connection.distrust.note('command', 'late', subject, logger);
    const detail = `the command was asked ${Math.round(lateBy / 1_000)} s from now: set the clocks of both machines`;
    return { outcome: 'failed', detail };
  };
  const subscription = connection.nats.subscribe(subject, {
    queue: subject,
    callback: (error, message) => {
      if (error) return;
      const asked = readAsked(connection, message);
      if (!asked) return connection.distrust.note('command', 'forged', subject, logger);
      const answer = serve(message, asked).catch((reason: unknown): Answer => {
        if (!(reason instanceof Refusal)) logger?.warn({ subject, err: reason }, 'command failed');
        return failed(reason);
      });
      const run = answer
        .then((value) => respond(connection, message, asked, JSON.stringify(value)))
        // The connection is closed: whoever asked hears nothing and asks again.
        .catch((error: unknown) => logger?.warn({ subject, err: error }, 'command not answered'))
        .finally(() => running.delete(run));
      running.add(run);
    },
  });
  return async () => {
    await drainSubscription(connection.nats, subscription);
    await Promise.all(running);
  };
}

/**
 * Asks the service that owns the facts.
 * @throws Refusal as the service gave it; Unavailable when no service answers in time or it failed: safe to repeat with the same command id
 */
export async function requestCommand<Result>(
  connection: ServiceConnection,
  subject: string,
  command: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<Result> {
  const answer = await ask(connection, subject, JSON.stringify(command), timeoutMs);
  if (answer.outcome === 'refused') throw new Refusal(answer.code, answer.detail, answer.errors);
  if (answer.outcome === 'failed') throw new Unavailable('service', answer.detail);
  return answer.answer as Result;
}

async function ask(connection: ServiceConnection, subject: string, body: string, timeout: number): Promise<Answer> {
  const { nats, mac, distrust } = connection;
  const context = `${Date.now()}.${randomBytes(12).toString('base64url')}`;
  const proof = `${context}.${mac.prove({ kind: 'command', subject, context, body })}`;
  let message: Msg;
  try {
    message = await nats.request(subject, body, { timeout, headers: headersOf({ [MAC_HEADER]: proof }) });
  } catch (error) {
    throw new Unavailable('service', `nobody answers ${subject}: ${(error as Error).message}`, { cause: error });
  }
  const answer = { kind: 'answer', subject, context: proof, body: message.data } as const;
  if (mac.isProven(answer, message.headers?.get(MAC_HEADER))) return message.json<Answer>();
  distrust.note('answer', 'forged', subject);
  throw new Unavailable('service', `what answers ${subject} is not the service, or one of another release`);
}

interface Asked {
  /** Milliseconds since 1970, by the asker's clock. */
  at: number;
  proof: string;
}

/** @returns undefined when no service asks this, with these words */
function readAsked({ mac }: ServiceConnection, { subject, data: body, headers }: Msg): Asked | undefined {
  const proof = headers?.get(MAC_HEADER) ?? '';
  const [, context, at, code] = /^((\d{1,15})\.[\w-]{16})\.([\w-]{43})$/.exec(proof) ?? [];
  if (context === undefined || !mac.isProven({ kind: 'command', subject, context, body }, code)) return undefined;
  return { at: Number(at), proof };
}

/** The answer is bound to this one question: it answers no other. */
function respond({ mac }: ServiceConnection, message: Msg, { proof: context }: Asked, body: string): void {
  const proof = mac.prove({ kind: 'answer', subject: message.subject, context, body });
  message.respond(body, { headers: headersOf({ [MAC_HEADER]: proof }) });
}

function failed(error: unknown): Answer {
  if (error instanceof Refusal)
    return { outcome: 'refused', code: error.code, detail: error.detail, errors: error.errors };
  return {
    outcome: 'failed',
    detail: error instanceof Unavailable ? error.message : 'the service failed; see its log',
  };
}
