import { Refusal, Unavailable } from '#contracts/errors.js';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';

/** What a service answers to a command. */
type Answer =
  | { outcome: 'done'; answer: unknown }
  | { outcome: 'refused'; code: Refusal['code']; detail: string; errors: Refusal['errors'] }
  | { outcome: 'failed'; detail: string };

const TIMEOUT_MS = 5_000;

/**
 * Serves one command; replicas share the work. A `Refusal` travels to the asker as it is; any other error becomes
 * `Unavailable` there, so a command must be safe to repeat.
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
  const subscription = connection.nats.subscribe(subject, {
    queue: subject,
    callback: (error, message) => {
      if (error) return;
      const answer = (async () => handle(message.json()))().then(
        (result): Answer => ({ outcome: 'done', answer: result }),
        (reason: unknown): Answer => {
          if (!(reason instanceof Refusal)) logger?.warn({ subject, err: reason }, 'command failed');
          return failed(reason);
        },
      );
      const run = answer
        .then((value) => void message.respond(JSON.stringify(value)))
        // The connection is closed: whoever asked hears nothing and asks again.
        .catch((error: unknown) => logger?.warn({ subject, err: error }, 'command not answered'))
        .finally(() => running.delete(run));
      running.add(run);
    },
  });
  return async () => {
    await subscription.drain();
    await Promise.all(running);
  };
}

/**
 * Asks the service that owns the facts.
 * @throws Refusal as the service gave it; Unavailable when it does not answer in time or failed: safe to repeat with the same command id
 */
export async function requestCommand<Result>(
  connection: ServiceConnection,
  subject: string,
  command: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<Result> {
  let answer: Answer;
  try {
    answer = (await connection.nats.request(subject, JSON.stringify(command), { timeout: timeoutMs })).json<Answer>();
  } catch (error) {
    throw new Unavailable('service', `nobody answers ${subject}: ${(error as Error).message}`, { cause: error });
  }
  if (answer.outcome === 'refused') throw new Refusal(answer.code, answer.detail, answer.errors);
  if (answer.outcome === 'failed') throw new Unavailable('service', answer.detail);
  return answer.answer as Result;
}

function failed(error: unknown): Answer {
  if (error instanceof Refusal)
    return { outcome: 'refused', code: error.code, detail: error.detail, errors: error.errors };
  return {
    outcome: 'failed',
    detail: error instanceof Unavailable ? error.message : 'the service failed; see its log',
  };
}
