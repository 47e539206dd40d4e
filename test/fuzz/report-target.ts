import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readReport } from '#messaging/report-guards.js';
import { campaign, type FuzzTarget } from './fuzz-target.js';
import { Visitor } from './http-target.js';
import { damaged, type Json, mutated } from './mutate.js';

const digest = 'ab'.repeat(16);
const held = { epoch: 1, revision: 2, digest, logVersion: 3 };
const ID = '01890000-0000-7000-8000-000000000009';

/** Of every kind, as agents tell them. */
const examples: Record<string, Json> = {
  applied: { ...held, tookMs: 3 },
  rejected: { epoch: 1, revision: 2, held: 1, errors: [{ resource: 'peer/x', message: 'no' }] },
  heartbeat: { ...held, agentVersion: '0.1.0', backend: 'kernel', peers: 3, repairs: 0 },
  resync: { epoch: 1, revision: 2, reason: 'gap' },
  probe: { gateways: [{ gatewayId: '{{gateway}}', ok: true, detail: 'answers' }], handshakeAge: 2 },
  observed: {
    peers: [{ nodeId: '{{peer}}', endpoint: '203.0.113.9:51820', link: 'up', rtt: 12 }],
    endpoints: [{ address: '192.168.1.7', port: 51_820, kind: 'lan' }],
    forwarded: [['{{peer}}', ID]],
  },
};

/** What a node tells that is not our agent, and everybody who listens. */
export const reportTarget: FuzzTarget = {
  name: 'reports',
  boundedRuns: 3_000,
  open: async () => {
    const { world } = await Visitor.arrive();
    const { body: nodes } = await world.registry.request('GET', '/api/v1/networks/prod/nodes');
    const { body: gateways } = await world.registry.request('GET', '/api/v1/networks/prod/gateways');
    const ids = nodes.items.map(({ nodeId }: { nodeId: string }) => nodeId) as string[];
    const [{ gatewayId }] = gateways.items as [{ gatewayId: string }];
    const kind = fc.constantFrom(...Object.keys(examples));
    return campaign({
      inputs: fc.record({
        nodeId: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...ids) }, { weight: 1, arbitrary: fc.constant(ID) }),
        subject: fc.constantFrom('', '', '', '', '.x', '.>', '*'),
        said: kind.chain((each) =>
          fc.record({
            kind: fc.oneof({ weight: 20, arbitrary: fc.constant(each) }, { weight: 1, arbitrary: kind }),
            body: fc.oneof(
              { weight: 9, arbitrary: mutated(fc.constant(examples[each]!)).map((json) => JSON.stringify(json)) },
              {
                weight: 1,
                arbitrary: damaged(fc.constant(Buffer.from(JSON.stringify(examples[each])))).map((b) =>
                  Buffer.from(b).toString('latin1'),
                ),
              },
            ),
          }),
        ),
        peer: fc.constantFrom(...ids),
      }),
      feed: ({ nodeId, subject, said, peer }, count) => {
        world.clock.advance(500);
        const text = said.body.replaceAll('{{gateway}}', gatewayId).replaceAll('{{peer}}', peer);
        let report;
        try {
          report = readReport(`tombolo.reports.${nodeId}.${said.kind}${subject}`, Buffer.from(text));
        } catch (error) {
          // Said on purpose: a TypeError would be an accident.
          assert.equal((error as Error).constructor, Error, String((error as Error).stack));
          return count(`${said.kind} unreadable`);
        }
        world.tell(report);
        count(`${said.kind} heard`);
      },
      close: () => world.close(),
    });
  },
};
