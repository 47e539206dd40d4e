import { jest } from '@jest/globals';
import type { ProbeResource } from '#contracts/node-stream.js';
import type { ProbeReport } from '#contracts/reports.js';
import { ownInterface, peerId } from '#wireguard/testing/fixtures.js';
import { ProbeRunner } from './probe-runner.js';
import type { ProbeOutcome, ProbeTarget } from './probe-target.js';

const [one, two] = [peerId('g'), peerId('h')];
const probe = (id: string, address: string | null): ProbeResource => ({ name: `probe/${id}`, address, port: null });

let tried: ProbeTarget[];
let reports: ProbeReport[];
let answer: (target: ProbeTarget) => Promise<ProbeOutcome>;
let newest: () => Promise<number | null>;
let runner: ProbeRunner;

beforeEach(() => {
  jest.useFakeTimers({ now: 1_000_000 });
  tried = [];
  reports = [];
  answer = async () => ({ ok: true, detail: 'answered' });
  newest = async () => null;
  runner = new ProbeRunner({
    probe: (target) => {
      tried.push(target);
      return answer(target);
    },
    newestHandshake: () => newest(),
    report: (report) => reports.push(report),
  });
});
afterEach(() => {
  runner.stop();
  jest.useRealTimers();
});

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('twice a second one report for all gateways; one without a target is a sign of life', async () => {
  answer = async ({ address }) => ({ ok: address !== '10.0.0.5', detail: 'so it is' });
  runner.follow([ownInterface(), probe(one, '10.0.0.5'), probe(two, null)]);
  await pass(1_400);
  expect(reports).toHaveLength(3);
  expect(reports[0]).toEqual({
    gateways: [
      { gatewayId: one, ok: false, detail: 'so it is' },
      { gatewayId: two, ok: true, detail: 'nothing to try' },
    ],
    handshakeAge: null,
  });
  expect(tried).toHaveLength(3);
});

test('a node without gateways says nothing, also when it had some', async () => {
  runner.follow([ownInterface()]);
  await pass(5_000);
  expect(reports).toEqual([]);
  runner.follow([probe(one, null)]);
  await pass(600);
  runner.follow([ownInterface()]);
  await pass(5_000);
  expect(reports).toHaveLength(2);
  runner.follow([probe(two, null)]);
  await pass(10);
  expect(reports[2]?.gateways[0]?.gatewayId).toBe(two);
});

test('a slow probe delays the next one and does not meet it', async () => {
  let running = 0;
  let most = 0;
  answer = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 800));
    running -= 1;
    return { ok: false, detail: 'slow' };
  };
  runner.follow([probe(one, '10.0.0.5')]);
  runner.follow([probe(one, '10.0.0.6')]);
  await pass(4_000);
  expect(most).toBe(1);
  expect(tried.map(({ address }) => address)).toEqual(
    ['10.0.0.5', ...Array<string>(4).fill('10.0.0.6')].slice(0, tried.length),
  );
  expect(reports.length).toBeGreaterThanOrEqual(4);
});

test('the age of the newest handshake grows while it is not looked at, and never is below nothing', async () => {
  let looks = 0;
  newest = async () => {
    looks += 1;
    return 990;
  };
  runner.follow([probe(one, null)]);
  await pass(1_900);
  expect(reports.map(({ handshakeAge }) => handshakeAge)).toEqual([10, 11, 11, 12]);
  expect(looks).toBe(1);
  newest = async () => 5_000;
  await pass(600);
  expect(reports.at(-1)?.handshakeAge).toBe(0);
  newest = () => Promise.reject(new Error('wg did not answer'));
  await pass(2_500);
  expect(reports.at(-1)?.handshakeAge).toBeNull();
});

test('stopped, it says no more, also what was being tried', async () => {
  answer = () => new Promise((resolve) => setTimeout(() => resolve({ ok: true, detail: '' }), 300));
  runner.follow([probe(one, '10.0.0.5')]);
  await pass(100);
  runner.stop();
  await pass(2_000);
  expect(reports).toEqual([]);
});
