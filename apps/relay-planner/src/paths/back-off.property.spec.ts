import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NewFact } from '#contracts/facts.js';
import { LEAST_REST_MS } from '#planner/paths/trials.js';
import { foldNew } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import { fact, meta, NOON } from '../../../../test/support/given.js';
import { lanEndpoint, publicEndpoint } from '../../../../test/support/network-history.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { holds } from '../../../../test/support/property.js';
import { place, reachabilityDecided, relayAssigned, relaySet } from '../../../../test/support/relay-facts.js';
import { decideFailPath, decideProvePath, decideTryPath, retryAfterMs } from './path.decider.js';

const RUNS = 300;
const TRIAL_MS = 15_000;
const [a, b, r] = [1, 2, 3].map(nodeId) as [string, string, string];
const pair: [string, string] = [a, b];

/** Two nodes behind NAT that talk through a relay, and a clock. */
class TalkingPair {
  now = Date.parse(NOON);
  changedAt: string | undefined;
  #state = foldNew(networkFold, networkFold.initialState, [
    ...[
      networkCreated(),
      nodeEnrolled(1, { endpoints: [lanEndpoint('192.168.1.1')] }),
      nodeEnrolled(2, { endpoints: [lanEndpoint('192.168.2.1')] }),
      nodeEnrolled(3, { endpoints: [publicEndpoint('203.0.113.3')] }),
      relaySet(r),
      relayAssigned(a, r),
      relayAssigned(b, r),
      reachabilityDecided(a, place('endpoint-independent', 1)),
      reachabilityDecided(b, place('endpoint-independent', 2)),
    ].map((one) => fact(one)),
  ]);

  get path() {
    return this.#state.paths.get(a)?.get(b);
  }

  asked = () => this.#take(decideTryPath({ ...this.#meta(), pair, changedAt: this.changedAt }, this.#state).facts);
  fails = () => this.#take(decideFailPath({ ...this.#meta(), pair, reason: 'silent' }, this.#state).facts);
  proves = () => this.#take(decideProvePath({ ...this.#meta(), pair }, this.#state).facts);

  /** Its router shows another port. */
  moves(port: number): void {
    const elsewhere = place('endpoint-independent', 1, { endpoints: [`198.51.100.1:${port}`] });
    this.#take([fact(reachabilityDecided(a, elsewhere), this.#meta().at)]);
  }

  restarts(): void {
    this.changedAt = this.#meta().at;
  }

  #meta = () => meta({ at: new Date(this.now).toISOString() });

  #take(facts: readonly NewFact[]): string[] {
    this.#state = foldNew(networkFold, this.#state, [...facts]);
    return facts.map(({ type }) => type);
  }
}

const steps = fc.array(
  fc.record({
    wait: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 60_000, max: 4 * 3_600_000 }),
    ),
    then: fc.constantFrom('ask', 'ask', 'ask', 'fail', 'fail', 'prove', 'move', 'restart'),
  }),
  { maxLength: 40 },
);

describe('whatever becomes of a pair', () => {
  test('what was decided is not decided again, and no trial begins before its time', () => {
    holds(steps, RUNS, (all) => {
      const two = new TalkingPair();
      let failedAt = -Infinity;
      let restsUntil = -Infinity;
      let port = 1024;
      for (const { wait, then } of all) {
        two.now += wait;
        if (then === 'move') two.moves(++port);
        if (then === 'restart') two.restarts();
        const hasChanged = (then === 'move' || then === 'restart') && two.now > failedAt;
        if (hasChanged) restsUntil = failedAt + LEAST_REST_MS;
        if (then === 'ask' && two.asked().includes('PathTried')) {
          expect(two.now).toBeGreaterThanOrEqual(restsUntil);
          expect(two.asked()).toEqual([]);
        } else if (then === 'ask') {
          const { phase } = two.path ?? {};
          expect(phase === 'trying' || phase === 'proven' || two.now < restsUntil).toBe(true);
        }
        if (then === 'prove') {
          two.proves();
          expect(two.proves()).toEqual([]);
        }
        if (then === 'fail' && two.path && two.fails().includes('PathFailed')) {
          [failedAt, restsUntil] = [two.now, Date.parse(two.path.retryAt ?? '')];
          expect(two.fails()).toEqual([]);
        }
      }
    });
  });

  test('one that never works makes two facts per trial, and half as many trials in each time twice as long', () => {
    holds(fc.integer({ min: 60_000, max: 7 * 24 * 3_600_000 }), 30, (length) => {
      const two = new TalkingPair();
      const end = two.now + length;
      let facts = 0;
      while (two.now < end) {
        facts += two.asked().length;
        two.now += TRIAL_MS;
        facts += two.fails().length;
        two.now = Date.parse(two.path?.retryAt ?? '');
      }
      const longest = retryAfterMs(99, false);
      expect(facts).toBeLessThanOrEqual(2 * (Math.log2(length / LEAST_REST_MS) + 1 + length / longest));
    });
  });

  test('one that changed begins anew with the shortest wait', () => {
    holds(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.boolean()), 30, ([failures, isMove]) => {
      const two = new TalkingPair();
      for (let n = 0; n < failures; n++) {
        two.asked();
        two.fails();
        two.now = Date.parse(two.path?.retryAt ?? '');
      }
      two.asked();
      two.fails();
      two.now += LEAST_REST_MS;
      if (isMove) two.moves(1024);
      else two.restarts();
      expect(two.asked()).toEqual(['PathTried']);
      two.fails();
      expect(two.path).toMatchObject({ failures: 1, retryAt: new Date(two.now + LEAST_REST_MS).toISOString() });
    });
  });
});
