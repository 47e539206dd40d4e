import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { Refusal, Unavailable } from '#contracts/errors.js';
import { commandSubject } from '#contracts/subjects.js';
import { requestCommand, serveCommand } from './command-bus.js';
import type { ServiceConnection } from './connection.js';

let broker: TrustedNats;
let asker: ServiceConnection;
let owner: ServiceConnection;

beforeAll(async () => {
  broker = await startTrustedNats();
  [asker, owner] = await Promise.all([broker.connect('registry'), broker.connect('relay-planner')]);
});
afterAll(() => broker.stop());

const subject = (name: string) => commandSubject('relay-planner', name);

test('one of the replicas answers each command', async () => {
  const served = [0, 0];
  const echo = (replica: number) => async (command: unknown) => {
    served[replica]! += 1;
    return { echo: command };
  };
  for (const replica of [0, 1]) serveCommand(owner, subject('echo'), echo(replica));
  await owner.nats.flush();
  const asked = Array.from({ length: 40 }, (_, n) => requestCommand(asker, subject('echo'), { n }));
  expect(await Promise.all(asked)).toEqual(asked.map((_, n) => ({ echo: { n } })));
  expect(served[0]! + served[1]!).toBe(40);
});

test.each<[string, Error, object]>([
  [
    'a refusal comes as it is',
    new Refusal('name_taken', 'relay r1 has it', [{ field: 'name', message: 'taken' }]),
    {
      kind: 'refusal',
      code: 'name_taken',
      detail: 'relay r1 has it',
      errors: [{ field: 'name', message: 'taken' }],
    },
  ],
  [
    'a part that is away can be tried again',
    new Unavailable('log', 'database away'),
    { kind: 'unavailable', part: 'service' },
  ],
  [
    'a fault tells nothing of the inside',
    new Error('password is x'),
    { kind: 'unavailable', message: 'the service failed; see its log' },
  ],
])('%s', async (name, error, expected) => {
  const stop = serveCommand(owner, subject('fail'), () => Promise.reject(error));
  await owner.nats.flush();
  await expect(requestCommand(asker, subject('fail'), { name })).rejects.toMatchObject(expected);
  await stop();
});

test('it ends when what is under way is answered', async () => {
  let finish: (answer: string) => void = () => undefined;
  const work = new Promise<string>((resolve) => (finish = resolve));
  let began = false;
  const stop = serveCommand(owner, subject('long'), () => {
    began = true;
    return work;
  });
  await owner.nats.flush();
  const asked = requestCommand(asker, subject('long'), {});
  await until('it is under way', () => began);
  let ended = false;
  const ending = stop().then(() => (ended = true));
  await owner.nats.flush();
  expect(ended).toBe(false);
  finish('done');
  await ending;
  expect(await asked).toBe('done');
});

test('nobody there, no answer in time, and a command that is no JSON', async () => {
  await expect(requestCommand(asker, subject('nobody'), {})).rejects.toBeInstanceOf(Unavailable);
  serveCommand(owner, subject('slow'), () => new Promise(() => undefined));
  serveCommand(owner, subject('json'), async (command) => command);
  await owner.nats.flush();
  await expect(requestCommand(asker, subject('slow'), {}, 50)).rejects.toBeInstanceOf(Unavailable);
  const answer = await asker.nats.request(subject('json'), '{"broken', { timeout: 2_000 });
  expect(answer.json()).toEqual({ outcome: 'failed', detail: 'the service failed; see its log' });
});
