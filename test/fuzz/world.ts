import assert from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import { Registry as Metrics } from 'prom-client';
import { GatewayManagerModule } from '../../apps/gateway-manager/src/gateway-manager.module.js';
import { RelayPlannerModule } from '../../apps/relay-planner/src/relay-planner.module.js';
import { startRegistry, TestClock, type TestRegistry } from '../../apps/registry/src/testing/registry.fixture.js';
import type { RecordedFact } from '#contracts/facts.js';
import { verifyStream } from '#event-store/core/hash-chain.js';
import type { EventStore } from '#event-store/core/event-store.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import { upcast } from '#event-store/core/upcast.js';
import type { NodeReport } from '#messaging/reports.js';
import { checkPlan } from '#planner/check-plan.js';
import { planAll } from '#planner/plan-node.js';
import { NetworkFollower } from '#service/network-follower.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';

type Handle = (request: unknown) => Promise<unknown>;

/** Registry, gateway-manager and relay-planner with their real parts, in one process on one log. */
export interface World {
  registry: TestRegistry;
  store: EventStore;
  clock: TestClock;
  /** Commands of the bus, as `gateway-manager gateway.create`. */
  commands: ReadonlyMap<string, Handle>;
  /** What the registry asked the others, for mutation. */
  asked: { command: string; request: unknown }[];
  tell(report: NodeReport): void;
  /** Facts that somebody asked for: services also decide by themselves. */
  factsAsked(): number;
  /** @throws when a hash chain is broken, or a network cannot be planned */
  close(): Promise<void>;
}

/** An empty log. */
export type OpenStore = (now: () => string) => EventStore | Promise<EventStore>;

export const inMemory: OpenStore = (now) => new MemoryEventStore({ now });

export async function startWorld(openStore: OpenStore = inMemory): Promise<World> {
  const clock = new TestClock();
  const store = await openStore(() => clock.now().toISOString());
  let factsAsked = 0;
  store.onAppended((facts) => (factsAsked += facts.filter(isAskedFor).length));
  const commands = new Map<string, Handle>();
  const asked: World['asked'] = [];
  const ask = (owner: string) => async (name: string, request: unknown) => {
    const command = `${owner} ${name}`;
    const text = JSON.stringify(request);
    asked.push({ command, request: JSON.parse(text) });
    return JSON.parse(JSON.stringify(await commands.get(command)!(JSON.parse(text))));
  };
  const serve = (owner: string) => (name: string, handle: Handle) => {
    commands.set(`${owner} ${name}`, handle);
    return async () => void commands.delete(`${owner} ${name}`);
  };
  const registry = await startRegistry({
    store,
    clock,
    askGatewayManager: ask('gateway-manager') as never,
    askRelayPlanner: ask('relay-planner') as never,
  });
  const networks = new NetworkFollower(store, async ({ onFacts }) => {
    const end = store.onAppended((facts) => {
      for (const fact of facts) void onFacts(fact.stream, [fact]);
    });
    return { stop: async () => end() };
  });
  await networks.start();
  const listeners = new Set<(report: NodeReport) => void>();
  const onReport = (listener: (report: NodeReport) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const { logger } = registry.options;
  const shared = {
    replica: 'fuzz',
    store,
    networks,
    reports: { onReport },
    onReconnect: () => () => {},
    clock,
    logger,
  };
  const gatewayManager = GatewayManagerModule.register({
    ...shared,
    serveCommand: serve('gateway-manager'),
    hearAll: async () => {},
    metrics: new Metrics(),
  });
  const relayPlanner = RelayPlannerModule.register({
    ...shared,
    serveCommand: serve('relay-planner'),
    metrics: new Metrics(),
  });
  const start = (module: object) =>
    NestFactory.createApplicationContext(module as never, { abortOnError: false, logger: false });
  const services = [await start(gatewayManager), await start(relayPlanner)];
  return {
    registry,
    store,
    clock,
    commands,
    asked,
    tell: (report) => {
      registry.reports.tell(report);
      for (const listener of listeners) listener(report);
    },
    factsAsked: () => factsAsked,
    close: async () => {
      for (const service of services) await service.close();
      await networks.stop();
      await registry.close();
      for (const stream of (await store.heads()).keys()) await mustBeSound(store, stream);
    },
  };
}

const isAskedFor = ({ type, metadata }: RecordedFact) =>
  !metadata.actor.startsWith('service/') && type !== 'CommandRejected';

async function mustBeSound(store: EventStore, stream: string): Promise<void> {
  assert.equal((await verifyStream(store, stream)).ok, true, `the hash chain of ${stream}`);
  if (stream === SYSTEM_STREAM) return;
  let state = networkFold.initialState;
  for (let after = 0; ; after = state.version) {
    const facts = await store.read(stream, { after });
    if (facts.length === 0) break;
    for (const fact of facts) state = networkFold.evolve(state, upcast(fact) as RecordedFact<NetworkFact>);
  }
  if (state.network) assert.deepEqual(checkPlan(state, planAll(state)), []);
}
