import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson } from '#contracts/canonical.js';
import { commandText, type SignedCommand, SOURCE_COMMANDS } from '#contracts/sources.js';
import { operator } from '../support/operator.js';
import { campaign, type FuzzTarget } from './fuzz-target.js';
import { Visitor } from './http-target.js';
import { damaged, type Json, mutated } from './mutate.js';
import type { World } from './world.js';

const INPUTS_PER_WORLD = 1_500;

const envelope = (type: string, data: Json): Json => ({
  specversion: '1.0',
  id: '{{id}}',
  source: '/cmdb',
  type: `tombolo.${type}`,
  data,
});

/** Of every command, as a source sends it that knows what it does. */
const examples: Json[] = [
  envelope('node.offer', {
    network: 'prod',
    secretHash: 'ab'.repeat(32),
    labels: { rack: 'b4' },
    site: 'berlin',
    expiresIn: 3600,
    ephemeralTtl: 60,
  }),
  envelope('node.labels', { network: 'prod', node: 'a', labels: { role: 'db' } }),
  envelope('node.disable', { network: 'prod', node: 'gw-3' }),
  envelope('node.enable', { network: 'prod', node: 'gw-3' }),
  envelope('node.retire', { network: 'prod', node: 'a' }),
  envelope('cluster.report', {
    network: 'prod',
    cluster: 'east',
    pods: ['10.42.0.0/16'],
    services: ['10.43.0.0/16'],
    model: 'archipelago',
    members: [{ node: 'gw-1', pods: ['10.42.1.0/24'] }, { node: 'nobody' }],
  }),
];

/** What other systems send over the broker, with rights and without, by hand and by mistake. */
export const ingestTarget: FuzzTarget = {
  name: 'ingest',
  boundedRuns: 2_000,
  open: async () => {
    let world = await worldWithSources();
    let fed = 0;
    const told = fc.constantFrom(...examples);
    return campaign({
      inputs: fc.record({
        source: fc.constantFrom(
          'cmdb',
          'cmdb',
          'cmdb',
          'cmdb',
          'signer',
          'labeller',
          'revoked',
          'nobody',
          'constructor',
        ),
        text: fc.oneof(
          { weight: 9, arbitrary: mutated(told).map((json) => JSON.stringify(json)) },
          {
            weight: 1,
            arbitrary: damaged(told.map((json) => Buffer.from(JSON.stringify(json)))).map((bytes) =>
              Buffer.from(bytes).toString('latin1'),
            ),
          },
        ),
        // Sometimes one that was used before, for something else.
        id: fc.oneof({ weight: 19, arbitrary: fc.uuid() }, { weight: 1, arbitrary: fc.constantFrom('one', 'two') }),
      }),
      feed: async ({ source, text, id }, count) => {
        if (++fed % INPUTS_PER_WORLD === 0) {
          await world.close();
          world = await worldWithSources();
        }
        count(await send(world, source, text.replaceAll('{{id}}', id)));
      },
      close: () => world.close(),
    });
  },
};

/** @returns what became of it @throws AssertionError when it did what none may do */
async function send(world: World, source: string, text: string): Promise<string> {
  world.clock.advance(1_000);
  const { ingest } = world.registry;
  const before = world.factsAsked();
  const { result, park } = await ingest.send(source, text);
  const made = world.factsAsked() - before;
  if (source === 'signer') return signedOnly(world, text, result.outcome, made);
  const { outcome, code, events } = result;
  // Every message of a source is answered, whatever it was, and the answer fits into one.
  assert.ok(JSON.stringify(result).length < 64 * 1024);
  if (outcome === 'rejected') {
    assert.equal(made, 0, `rejected (${code}) and left something behind`);
    assert.ok(code !== undefined && code !== 'failed' && result.detail, `${code}: ${result.detail}`);
    assert.equal(park !== undefined, code === 'malformed');
    return `rejected ${code}`;
  }
  assert.ok(
    source === 'cmdb' || (source === 'labeller' && text.includes('node.labels')),
    `${source} has no right to that`,
  );
  assert.equal(made, outcome === 'accepted' ? events?.length : 0, 'the facts are those that it names');
  const again = await ingest.send(source, text);
  assert.equal(world.factsAsked() - before, made, 'made facts again');
  assert.equal(canonicalJson(wire(again.result)), canonicalJson(wire({ ...result, outcome: 'duplicate' })));
  return `${outcome}${made > 0 ? '' : ', nothing to do'}`;
}

const signer = operator(9);

/** What nobody signed is not done; what was signed of the same, if it is a command at all, is judged like any other. */
async function signedOnly(world: World, text: string, outcome: string, made: number): Promise<string> {
  assert.equal(outcome, 'rejected', 'believed without a signature');
  assert.equal(made, 0);
  const event = parsedEvent(text);
  if (!event) return 'not to be signed';
  const command = { ...event, time: world.clock.now().toISOString() };
  const signed = JSON.stringify({ ...command, tombolosig: signer.sign(commandText('signer', command)) });
  const { result } = await world.registry.ingest.send('signer', signed);
  assert.notEqual(result.code, 'unauthorized', `${result.detail}`);
  assert.notEqual(result.code, 'failed', `${result.detail}`);
  return `signed: ${result.outcome} ${result.code ?? ''}`;
}

/** @returns undefined where there is nothing that a source could sign */
function parsedEvent(text: string): SignedCommand | undefined {
  try {
    const event = JSON.parse(text) as SignedCommand;
    return commandText('signer', event) === '' || typeof event.source !== 'string' ? undefined : event;
  } catch {
    return undefined;
  }
}

/** As it goes over the wire. */
const wire = (result: object) => JSON.parse(JSON.stringify(result)) as Json;

/** With sources that may all, one thing, and nothing any more. */
async function worldWithSources(): Promise<World> {
  const { world } = await Visitor.arrive();
  const { registry } = world;
  const make = async (name: string, allow: readonly string[], more: object = {}) => {
    const { status, body } = await registry.request('POST', '/api/v1/sources', {
      body: { name, networks: ['prod'], allow, ...more },
    });
    assert.equal(status, 201, JSON.stringify(body));
  };
  await make('cmdb', SOURCE_COMMANDS);
  await make('signer', SOURCE_COMMANDS, { publicKey: signer.publicKey });
  await make('labeller', ['node.labels']);
  await make('revoked', SOURCE_COMMANDS);
  const { status } = await registry.request('DELETE', '/api/v1/sources/revoked');
  assert.ok(status < 300);
  return world;
}
