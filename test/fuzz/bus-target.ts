import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson } from '#contracts/canonical.js';
import { isRefusal } from '#contracts/errors.js';
import { campaign, type FuzzTarget } from './fuzz-target.js';
import { Visitor } from './http-target.js';
import { type Json, mutated } from './mutate.js';
import type { World } from './world.js';

const INPUTS_PER_WORLD = 1_500;

interface Asked {
  command: string;
  request: Json;
}

/** What the owners of gateways and relays are asked over the broker, by something that is not our registry. */
export const busTarget: FuzzTarget = {
  name: 'bus',
  boundedRuns: 2_000,
  open: async () => {
    let world = await worldThatAsked();
    const examples = [...world.asked] as Asked[];
    assert.ok(new Set(examples.map(({ command }) => command)).size >= 14, 'every command has an example');
    let fed = 0;
    return campaign({
      inputs: fc.nat({ max: examples.length - 1 }).chain((n) =>
        fc.record({
          command: fc.constant(examples[n]!.command),
          request: mutated(fc.constant(general(examples[n]!.request))),
          fresh: fc.uuid({ version: 7 }),
        }),
      ),
      feed: async ({ command, request, fresh }, count) => {
        if (++fed % INPUTS_PER_WORLD === 0) {
          await world.close();
          world = await worldThatAsked();
        }
        // Under an id of its own most of the time, else it would only be a repetition.
        const text = JSON.stringify(request).replaceAll('{{commandId}}', fresh);
        count(await ask(world, command, inThisWorld(text, examples, world)));
      },
      close: () => world.close(),
    });
  },
};

async function ask(world: World, command: string, text: string): Promise<string> {
  world.clock.advance(1_000);
  const handle = world.commands.get(command)!;
  const before = world.factsAsked();
  const outcome = await handle(JSON.parse(text)).catch((error: unknown) => {
    if (isRefusal(error)) return error;
    throw error;
  });
  if (isRefusal(outcome)) {
    assert.equal(world.factsAsked(), before, `${command} is refused (${outcome.code}) and left something behind`);
    return `refused ${outcome.code}`;
  }
  const after = world.factsAsked();
  const again = await handle(JSON.parse(text));
  assert.equal(answerOf(again), answerOf(outcome), `${command} again`);
  assert.equal(world.factsAsked(), after, `${command} again made facts`);
  return after > before ? 'done' : 'nothing to do';
}

/** As it goes over the wire. */
const answerOf = (reply: unknown) => canonicalJson((reply as { answer?: unknown } | undefined)?.answer ?? null);

function general(request: Json): Json {
  const text = JSON.stringify(request);
  const { meta } = request as { meta?: { commandId: string } };
  return JSON.parse(meta ? text.replace(JSON.stringify(meta.commandId), '"{{commandId}}"') : text) as Json;
}

/** The examples are of the first world: what they name has other ids in this one, in the same order. */
function inThisWorld(text: string, examples: Asked[], world: World): string {
  const [then, now] = [examples, world.asked.slice(0, examples.length)].map(
    (asked) => JSON.stringify(asked.map(({ request }) => request)).match(IDS) ?? [],
  );
  const renamed = new Map(then!.map((id, i) => [id, now![i] ?? id]));
  return text.replaceAll(IDS, (id) => renamed.get(id) ?? id);
}

const IDS = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;

/** A world in which every command was asked for once. */
async function worldThatAsked(): Promise<World> {
  const { world } = await Visitor.arrive();
  const { registry } = world;
  const call = async (method: string, path: string, body?: object) => {
    const answer = await registry.request(method, `/api/v1/networks/prod${path}`, body && { body });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const out = { name: 'out', kind: 'egress', nodes: ['gw-2'], ranges: ['192.168.7.0/24'] };
  await call('POST', '/gateways', out);
  await call('PATCH', '/gateways/out', { masquerade: false });
  await call('POST', '/gateways/out/drain', { node: 'gw-2' });
  await call('POST', '/clients', {
    name: 'phone',
    publicKey: Buffer.alloc(32, 77).toString('base64'),
    gateway: 'door',
  });
  await call('POST', '/clusters', { name: 'shore', services: ['10.60.0.0/16'], model: 'island' });
  await call('POST', '/gateways', { name: 'shore-door', kind: 'cluster', cluster: 'shore', nodes: ['gw-3'] });
  const service = { address: '10.60.0.1', port: 80 };
  const published = await call('POST', '/publications', { cluster: 'shore', service, mesh: { port: 80 } });
  await call('DELETE', `/publications/${published.publicationId}`);
  const { items: links } = await call('GET', '/cluster-links');
  await call('PUT', '/relays/gw-3', { capacity: 10 });
  await call('PUT', '/relays/a/assignment', { relay: 'gw-3' }).catch(() => undefined);
  await call('GET', '/latency');
  await call('DELETE', '/relays/gw-3');
  await call('DELETE', '/clients/phone');
  await call('DELETE', '/gateways/out');
  await call('DELETE', `/cluster-links/${links[0].linkId}`);
  return world;
}
