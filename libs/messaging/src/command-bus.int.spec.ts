import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { Refusal, Unavailable } from '#contracts/errors.js';
import { commandSubject } from '#contracts/subjects.js';
import { headersOf } from './acked-publisher.js';
import { requestCommand, serveCommand } from './command-bus.js';
import type { ServiceConnection } from './connection.js';
import { MAC_HEADER } from './service-mac.js';

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

test('it ends also while the broker is silent', async () => {
  const stop = serveCommand(owner, subject('silent'), async () => 'done');
  await owner.nats.flush();
  const { pid } = broker.server;
  process.kill(pid, 'SIGSTOP');
  try {
    await stop();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await owner.nats.flush();
  await expect(requestCommand(asker, subject('silent'), {})).rejects.toBeInstanceOf(Unavailable);
});

test('nobody there, no answer in time, and a command that is no JSON', async () => {
  await expect(requestCommand(asker, subject('nobody'), {})).rejects.toBeInstanceOf(Unavailable);
  serveCommand(owner, subject('slow'), () => new Promise(() => undefined));
  serveCommand(owner, subject('json'), async (command) => command);
  await owner.nats.flush();
  await expect(requestCommand(asker, subject('slow'), {}, 50)).rejects.toBeInstanceOf(Unavailable);
  const answer = await asker.nats.request(subject('json'), '{"broken', {
    timeout: 2_000,
    headers: proven('json', '{"broken'),
  });
  expect(answer.json()).toEqual({ outcome: 'failed', detail: 'the service failed; see its log' });
});

/** As `requestCommand` proves a command. */
function proven(name: string, body: string, at = Date.now(), about = name): MsgHdrs {
  const context = `${at}.${'n'.repeat(16)}`;
  const code = asker.mac.prove({ kind: 'command', subject: subject(about), context, body });
  return headersOf({ [MAC_HEADER]: `${context}.${code}` });
}

describe('whoever has the broker', () => {
  const done: unknown[] = [];
  beforeAll(async () => {
    serveCommand(owner, subject('guarded'), async (command) => void done.push(command));
    serveCommand(owner, subject('other'), async (command) => void done.push(command));
    await owner.nats.flush();
  });
  beforeEach(() => void done.splice(0));
  const body = '{"n":1}';

  test.each<[string, () => MsgHdrs | undefined]>([
    ['without a proof', () => undefined],
    ['with rubbish for one', () => headersOf({ [MAC_HEADER]: 'x.y.z' })],
    ['with the proof of other words', () => proven('guarded', '{"n":2}')],
    ['with the proof of another command', () => proven('guarded', body, Date.now(), 'other')],
  ])('gets nothing done %s, and no answer', async (_, made) => {
    const before = owner.distrust.count('command', 'forged');
    const headers = made();
    const asked = asker.nats.request(subject('guarded'), body, { timeout: 200, ...(headers && { headers }) });
    await expect(asked).rejects.toThrow();
    await until('it is counted', () => owner.distrust.count('command', 'forged') === before + 1);
    expect(done).toEqual([]);
  });

  test('repeats a command minutes later in vain; the answer says that clocks may differ', async () => {
    const headers = proven('guarded', body, Date.now() - 301_000);
    const answer = await asker.nats.request(subject('guarded'), body, { timeout: 2_000, headers });
    expect(answer.json()).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('set the clocks') });
    expect(done).toEqual([]);
  });

  test('cannot answer for the service, also not with an earlier answer of its own', async () => {
    const earlier: Msg[] = [];
    owner.nats.subscribe(subject('posed'), {
      callback: (_, message) => {
        message.respond('{"outcome":"done","answer":"mine"}', { headers: earlier.shift()?.headers });
      },
    });
    await owner.nats.flush();
    const before = asker.distrust.count('answer', 'forged');
    await expect(requestCommand(asker, subject('posed'), {})).rejects.toBeInstanceOf(Unavailable);
    earlier.push(
      await asker.nats.request(subject('guarded'), body, { headers: proven('guarded', body), timeout: 2_000 }),
    );
    await expect(requestCommand(asker, subject('posed'), {})).rejects.toBeInstanceOf(Unavailable);
    expect(asker.distrust.count('answer', 'forged')).toBe(before + 2);
  });
});
