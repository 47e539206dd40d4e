import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isRefusal } from '#contracts/errors.js';
import { formatEnrolmentToken, parseEnrolmentToken } from '#contracts/enrolment-token.js';
import { parseEnrolAnswer } from '../../apps/agent/src/enrol/enrol-answer.js';
import { campaign, type FuzzTarget } from './fuzz-target.js';
import { damaged, type Json, mutated } from './mutate.js';

const SECRET = 'a-secret-that-must-not-be-told';
const token = {
  v: 1 as const,
  url: 'https://203.0.113.1:8080',
  pin: 'ab'.repeat(32),
  keyId: '01890000-0000-7000-8000-000000000001',
  secret: SECRET,
};
const answer = {
  ...{ nodeId: token.keyId, network: 'office', name: 'one', addresses: ['10.90.0.1', 'fd00::1'], ca: null, version: 4 },
  controllerKey: Buffer.alloc(32, 9).toString('base64'),
  nats: { urls: ['nats://203.0.113.1:4222'], jwt: 'a.b.c', expiresAt: '2026-11-21T00:00:00Z' },
};

/** What an operator pastes, and what somebody who claims to be the server answers. */
export const tokenTarget: FuzzTarget = {
  name: 'enrolment',
  boundedRuns: 5_000,
  open: async () =>
    campaign({
      inputs: fc.oneof(
        mutated(fc.constant<Json>(token)).map(
          (json) => `tmb_${Buffer.from(JSON.stringify(json)).toString('base64url')}`,
        ),
        damaged(fc.constant(Buffer.from(formatEnrolmentToken(token)))).map((bytes) => Buffer.from(bytes).toString()),
        mutated(fc.constant<Json>(answer)).map((json) => JSON.stringify(json)),
        damaged(fc.constant(Buffer.from(JSON.stringify(answer)))).map((bytes) => Buffer.from(bytes).toString()),
      ),
      feed: (text, count) => {
        if (text.startsWith('{')) {
          try {
            parseEnrolAnswer(text);
            count('answer taken');
          } catch (error) {
            assert.equal((error as Error).constructor, Error, String((error as Error).stack));
            count('answer refused');
          }
          return;
        }
        try {
          const read = parseEnrolmentToken(text);
          assert.ok(URL.canParse(read.url));
          count('token taken');
        } catch (error) {
          assert.ok(isRefusal(error), String((error as Error).stack));
          assert.ok(!error.message.includes(SECRET.slice(0, 12)), 'the secret is told');
          count('token refused');
        }
      },
    }),
};
