import assert from 'node:assert/strict';
import fc from 'fast-check';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { foldMessage, type NodeSet } from '#contracts/node-fold.js';
import { digestOf, formatDigest, formatHead, HEAD_HEADER, type Resource } from '#contracts/node-stream.js';
import { packBody } from '#messaging/node-body.js';
import { readNodeMessage } from '#messaging/node-message.js';
import { createSealKeys, NodeSealer, SealOpener } from '#messaging/node-seal.js';
import { planAll } from '#planner/plan-node.js';
import { checkSet } from '#wireguard/core/check-set.js';
import { desiredDevice } from '#wireguard/core/desired-device.js';
import { renderFirewall } from '#wireguard/core/firewall/render-firewall.js';
import { topologies } from '../packets/random-topology.js';
import { campaign, type FuzzTarget } from './fuzz-target.js';
import { damaged, type Json, mutated } from './mutate.js';

const NODE = '01890000-0000-7000-8000-000000000001';

/** What a broker may hand to an agent, and what a controller that went wrong may seal for it. */
export const streamTarget: FuzzTarget = {
  name: 'stream',
  boundedRuns: 3_000,
  open: async () => {
    const [controller, node] = [createSealKeys(), createSealKeys()];
    const sealer = new NodeSealer(controller.privateKey);
    const opener = new SealOpener(NODE, { privateKey: node.privateKey, controllerKey: controller.publicKey });
    const local = { interfaceName: 'tmb0', listenPort: 51_820, publicKey: node.publicKey, ipv6: true };
    let held: NodeSet | undefined;

    const receive = (headText: string, data: Uint8Array, count: (outcome: string) => void) => {
      const headers = natsHeaders();
      headers.set(HEAD_HEADER, headText);
      const message = readNodeMessage({ headers, data }, opener);
      if (!message) return count('unreadable');
      const folded = foldMessage(held, message);
      if (folded.outcome !== 'folded') return count(folded.outcome);
      const problems = checkSet(folded.set.resources.values(), node.publicKey);
      count(problems.length > 0 ? 'rejected' : 'taken');
      // As the agent: what follows builds on what was sent, also if it was not applied.
      held = folded.set;
      if (problems.length > 0) return;
      const { firewall } = desiredDevice(folded.set.resources.values(), local);
      if (firewall) assert.doesNotMatch(renderFirewall(firewall), /undefined|NaN|\[object/);
    };

    return campaign({
      inputs: fc.record({
        kind: fc.constantFrom('full', 'full', 'full', 'full', 'delta', 'delta', 'delta', 'damaged', 'raw', 'head'),
        resources: mutated(fc.constantFrom(...sets(), ...sets().map((set) => set.slice(0, 2)))),
        removed: fc.oneof(fc.constant<Json>(['peer/x']), mutated(fc.constant<Json>(['interface']))),
        bytes: damaged(fc.constant(packBody(Buffer.from('{"resources":[]}')))),
        head: fc.oneof(fc.string(), fc.constantFrom('f.1.1.1.', 'd.9.9.9.zz', `f.1.1.1.${'0'.repeat(33)}`)),
        epoch: fc.constantFrom(1, 1, 1, 2, 1_795_000_000_000),
        cut: fc.nat({ max: 400 }),
        isHonest: fc.boolean(),
      }),
      feed: ({ kind, resources, removed, bytes, head, epoch, cut, isHonest }, count) => {
        const isDelta = kind === 'delta';
        if (cut === 0 || epoch > 2) held = undefined;
        const digest = isHonest ? digestAfter(isDelta ? held : undefined, resources, isDelta ? removed : []) : 0n;
        const revision = (held?.revision ?? 0) + 1;
        const about = { kind: isDelta ? 'delta' : 'full', epoch, revision, logVersion: 1 } as const;
        const headText = kind === 'head' ? head : formatHead({ ...about, digest: formatDigest(digest) });
        const body = JSON.stringify(isDelta ? { upserts: resources, removed } : { resources });
        const plain = kind === 'raw' ? bytes : packBody(Buffer.from(body));
        const sealed = sealer.seal(NODE, node.publicKey, headText, plain);
        if (kind === 'damaged') sealed[cut % sealed.length]! ^= 1 + (cut % 255);
        receive(headText, kind === 'damaged' && cut % 7 === 0 ? sealed.subarray(0, cut) : sealed, count);
      },
    });
  },
};

/** What the fold will come to, if it comes to anything. */
function digestAfter(held: NodeSet | undefined, upserts: Json, removed: Json): bigint {
  const after = new Map<unknown, unknown>(held?.resources);
  for (const name of Array.isArray(removed) ? removed : []) after.delete(name);
  for (const each of Array.isArray(upserts) ? upserts : []) after.set((each as { name?: unknown } | null)?.name, each);
  return digestOf(after.values() as Iterable<Resource>);
}

/** Sets of every kind of resource, as they are really planned. */
let planned: Json[][] | undefined;
function sets(): Json[][] {
  planned ??= fc
    .sample(topologies(), { numRuns: 12, seed: 5 })
    .flatMap(({ state }) => [...planAll(state).values()])
    .map((resources) => JSON.parse(JSON.stringify(resources)) as Json[]);
  return planned;
}
