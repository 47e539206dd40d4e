import { jest } from '@jest/globals';
import { AgentFailure } from '../failure.js';
import { createLog } from '../log.js';
import type { HttpAnswer } from '../server/http-request.js';
import type { Login } from '../state/login.js';
import { LoginKeeper } from './login-keeper.js';

const HOUR = 3_600_000;
const loginFor = (hours: number): Login => ({
  urls: ['nats://x:4222'],
  jwt: 'a.b.c',
  expiresAt: new Date(Date.now() + hours * HOUR).toISOString(),
});
const answer = (status: number, body: unknown): HttpAnswer => ({
  status,
  date: undefined,
  retryAfter: undefined,
  text: JSON.stringify(body),
});

let requests: number[];
let renewed: Login[];
let errors: string[];
let reply: () => HttpAnswer;
let keeper: LoginKeeper;

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse('2026-11-21T00:00:00Z') });
  requests = [];
  renewed = [];
  errors = [];
  reply = () => answer(200, loginFor(24));
  keeper = new LoginKeeper({
    request: async () => {
      requests.push(Date.now());
      return reply();
    },
    onRenewed: async (login) => void renewed.push(login),
    log: {
      ...createLog('silent'),
      warn: () => undefined,
      info: () => undefined,
      error: (...words: unknown[]) => errors.push(String(words[1])),
    } as never,
  });
});
afterEach(() => {
  keeper.stop();
  jest.useRealTimers();
});
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('renewed when two thirds of its life are over, and so on', async () => {
  reply = () => answer(200, loginFor(12));
  keeper.keep(loginFor(12));
  await pass(7.9 * HOUR);
  expect(requests).toHaveLength(0);
  await pass(0.2 * HOUR);
  expect(renewed).toHaveLength(1);
  await pass(8 * HOUR);
  expect(renewed).toHaveLength(2);
});

test('none at all: asked for at once', async () => {
  keeper.keep(undefined);
  await pass(1);
  expect(renewed).toHaveLength(1);
});

test('refused by the broker: asked for at once, and not again while that goes on', async () => {
  keeper.keep(loginFor(24));
  keeper.refused();
  await pass(1);
  expect(renewed).toHaveLength(1);
});

test('no server: tried for ever, with growing pauses, however often the broker refuses', async () => {
  reply = () => {
    throw new AgentFailure('unreachable', 'nobody there');
  };
  keeper.keep(loginFor(24));
  keeper.refused();
  for (let second = 0; second < 3600; second += 5) {
    await pass(5000);
    keeper.refused();
  }
  expect(requests.length).toBeGreaterThan(10);
  expect(requests.length).toBeLessThan(40);
  reply = () => answer(200, loginFor(24));
  await pass(300_000);
  expect(renewed).toHaveLength(1);
});

test('a clock that is far ahead costs a request a minute, one that is far behind two a day', async () => {
  const login = loginFor(24);
  jest.setSystemTime(Date.parse('2036-01-01T00:00:00Z'));
  reply = () => answer(200, login);
  keeper.keep(login);
  await pass(2 * HOUR);
  expect(requests).toHaveLength(120);
  jest.setSystemTime(Date.parse('2001-01-01T00:00:00Z'));
  await pass(HOUR);
  const before = requests.length;
  await pass(24 * HOUR);
  expect(requests.length - before).toBe(2);
});

test('a node that was removed: said once, asked again now and then', async () => {
  reply = () => answer(404, { code: 'not_found', detail: 'no such node' });
  keeper.keep(undefined);
  await pass(HOUR);
  expect(errors).toEqual(['the server does not know this node any more']);
  expect(requests.length).toBeGreaterThan(5);
});

test('an answer that is no login is not taken', async () => {
  reply = () => answer(200, { urls: ['http://x'], jwt: 'a.b.c', expiresAt: 'soon' });
  keeper.keep(undefined);
  await pass(1000);
  expect(renewed).toEqual([]);
});
