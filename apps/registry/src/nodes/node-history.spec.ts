import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Decision } from '#contracts/decision.js';
import { isRefusal } from '#contracts/errors.js';
import type { NewFact } from '#contracts/facts.js';
import { foldNew } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { at, given, meta } from '../../../../test/support/given.js';
import {
  controlKey,
  keyCreated,
  keyId,
  natsKey,
  networkCreated,
  nodeId,
  SECRET_HASH,
  wireguardKey,
} from '../../../../test/support/network-facts.js';
import { decideChangeNode, decideRotateNodeKey } from './change-node.decider.js';
import { decideEnrolNode, type EnrolNode } from './enrol-node.decider.js';
import { decideDisableNode, decideEnableNode, decideRemoveNode } from './node-lifecycle.decider.js';

const DAY = 86_400;
const start = (uses: number | null) =>
  given(networkFold, [networkCreated({ cidr: '10.90.0.0/28', cidr6: 'fd00::/124' }), keyCreated({ uses })]).state;

const enrol = (n: number, seconds: number): EnrolNode => ({
  ...meta({ at: at(seconds), commandId: `enrol-${n}` }),
  nodeId: nodeId(n),
  keyId: keyId(1),
  secretHash: SECRET_HASH,
  name: `node-${n}`,
  publicKey: wireguardKey(n),
  controlKey: controlKey(n),
  natsKey: natsKey(n),
});

/** One step of a history: who (an index into the nodes there are), when, and what is tried. */
interface Step {
  what: 'enrol' | 'remove' | 'disable' | 'enable' | 'rename' | 'rotate';
  who: number;
  hoursLater: number;
}

const history = fc.array(
  fc.record<Step>({
    what: fc.constantFrom('enrol', 'enrol', 'remove', 'remove', 'disable', 'enable', 'rename', 'rotate'),
    who: fc.nat({ max: 20 }),
    hoursLater: fc.integer({ min: 0, max: 13 }),
  }),
  { maxLength: 60 },
);

/** Plays a history through the deciders; a refusal leaves no trace. Returns every state and the facts between them. */
function play(steps: Step[]): { states: NetworkState[]; facts: NewFact[] } {
  const states = [start(null)];
  const facts: NewFact[] = [];
  let seconds = 0;
  steps.forEach((step, index) => {
    const state = states.at(-1)!;
    seconds += step.hoursLater * 3600;
    const decided = attempt(() => decide(step, { index, seconds }, state));
    facts.push(...decided);
    states.push(foldNew(networkFold, state, decided));
  });
  return { states, facts };
}

function decide(
  { what, who }: Step,
  { index, seconds }: { index: number; seconds: number },
  state: NetworkState,
): Decision {
  const ids = [...state.nodes.keys()].sort();
  const command = {
    ...meta({ at: at(seconds), commandId: `step-${index}` }),
    nodeId: ids[who % ids.length] ?? nodeId(0),
  };
  switch (what) {
    case 'enrol':
      return decideEnrolNode(enrol(index + 1, seconds), state);
    case 'remove':
      return decideRemoveNode({ ...command, reason: 'operator' }, state);
    case 'disable':
      return decideDisableNode(command, state);
    case 'enable':
      return decideEnableNode(command, state);
    case 'rename':
      return decideChangeNode({ ...command, name: `node-${who}` }, state);
    case 'rotate':
      return decideRotateNodeKey({ ...command, publicKey: wireguardKey(1000 + index) }, state);
  }
}

function attempt(decision: () => Decision): NewFact[] {
  try {
    return decision().facts;
  } catch (error) {
    if (isRefusal(error)) return [];
    throw error;
  }
}

describe('over any history', () => {
  test('no address is given while it is held, or within a day of its release', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const held = new Map<string, string>();
        const releasedAt = new Map<string, number>();
        for (const { type, data, metadata } of play(steps).facts) {
          const now = Date.parse(metadata.at) / 1000;
          if (type === 'NodeEnrolled')
            for (const address of data.addresses) {
              expect(held.get(address)).toBeUndefined();
              expect(now - (releasedAt.get(address) ?? -Infinity)).toBeGreaterThanOrEqual(DAY);
              held.set(address, data.nodeId);
            }
          if (type === 'NodeRemoved')
            for (const [address, holder] of [...held].filter(([, holder]) => holder === data.nodeId)) {
              expect(holder).toBe(data.nodeId);
              held.delete(address);
              releasedAt.set(address, now);
            }
        }
      }),
    );
  });

  test('names, public keys and addresses belong to one node each', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const { nodes, nodeIdByName, nodeIdByPublicKey } of play(steps).states) {
          const all = [...nodes.values()];
          expect(new Map(all.map((node) => [node.name, node.nodeId]))).toEqual(new Map(nodeIdByName));
          expect(new Map(all.map((node) => [node.publicKey, node.nodeId]))).toEqual(new Map(nodeIdByPublicKey));
          expect([nodeIdByName.size, nodeIdByPublicKey.size]).toEqual([all.length, all.length]);
          const addresses = all.flatMap((node) => node.addresses);
          expect(new Set(addresses).size).toBe(addresses.length);
        }
      }),
    );
  });

  test('a snapshot and the rest is the same as the whole', () => {
    fc.assert(
      fc.property(history, fc.nat(), (steps, pick) => {
        const { states } = play(steps);
        const at = pick % states.length;
        const snapshot = networkFold.fromJson(JSON.parse(JSON.stringify(networkFold.toJson(states[at]!))));
        const rest = play(steps).facts.slice(states[at]!.version - states[0]!.version);
        const resumed = foldNew(networkFold, snapshot, rest);
        const whole = states.at(-1)!;
        expect(JSON.stringify(networkFold.toJson(resumed))).toBe(JSON.stringify(networkFold.toJson(whole)));
        for (const index of ['nodeIdByName', 'nodeIdByPublicKey', 'nodeIdByControlKey', 'nodeIdByNatsKey'] as const)
          expect(resumed[index].toJS()).toEqual(whole[index].toJS());
      }),
    );
  });

  test('older states stay as they were', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const text = (state: NetworkState) => JSON.stringify(networkFold.toJson(state));
        const { states, facts } = play(steps);
        let state = states[0]!;
        const texts = facts.map((fact) => text((state = foldNew(networkFold, state, [fact]))));
        for (const old of states.slice(1).filter(({ version }) => version > states[0]!.version))
          expect(text(old)).toBe(texts[old.version - states[0]!.version - 1]);
      }),
    );
  });
});

describe('a key of 10 uses and 100 machines', () => {
  test('one after another: exactly 10 come in', () => {
    let state = start(10);
    const outcomes = Array.from({ length: 100 }, (_, n) => {
      const facts = attempt(() => decideEnrolNode(enrol(n + 1, n), state));
      state = foldNew(networkFold, state, facts);
      return facts.length;
    });
    expect(outcomes).toEqual([...Array<number>(10).fill(1), ...Array<number>(90).fill(0)]);
    expect(state.nodes.size).toBe(10);
  });

  test('from replicas that see the log late: exactly 10 come in, at 10 addresses', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat({ max: 3 })), (schedule) => {
        let log = start(10);
        const seen = [log, log, log, log];
        const waiting = Array.from({ length: 100 }, (_, n) => enrol(n + 1, n));
        let admitted = 0;
        for (const replica of schedule) {
          const command = waiting[0];
          if (!command) break;
          const state = seen[replica]!;
          const facts = attempt(() => decideEnrolNode(command, state));
          // The append's condition: whoever decided on an old version reads the log and decides again.
          const conflict = state.version !== log.version;
          seen[replica] = log;
          if (conflict && facts.length) continue;
          waiting.shift();
          admitted += facts.length;
          log = foldNew(networkFold, log, facts);
        }
        expect(admitted).toBe(10);
        expect(new Set([...log.nodes.values()].flatMap((node) => node.addresses)).size).toBe(20);
        expect(log.keys.get(keyId(1))?.used).toBe(10);
      }),
    );
  });
});
