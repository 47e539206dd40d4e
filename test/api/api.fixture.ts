import { expect } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { Registry as Metrics } from 'prom-client';
import { GatewayManagerModule } from '../../apps/gateway-manager/src/gateway-manager.module.js';
import { RelayPlannerModule } from '../../apps/relay-planner/src/relay-planner.module.js';
import { startRegistry, TestClock, type TestRegistry } from '../../apps/registry/src/testing/registry.fixture.js';
import { Unavailable } from '#contracts/errors.js';
import type { ProbeReport } from '#contracts/reports.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import type { NodeReport } from '#messaging/reports.js';
import { NetworkFollower } from '#service/network-follower.js';

export interface TestApi extends TestRegistry {
  /** The gateway-manager away (false) or back (true). */
  gatewayManager(present: boolean): void;
  /** A member's report, as its agent would send it. */
  probe(nodeId: string, body: ProbeReport): void;
  /** A request under `/api/v1/networks/prod/`. */
  prod(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** A request as {@link prod} that must be refused with a problem and leave the log as it was. */
  refused(path: string, body?: object, method?: string): Promise<TestRefusal>;
}

export interface TestRefusal {
  status: number;
  code: string;
  detail: string;
  /** Those that `errors` names. */
  fields: string[];
}

const OWN_WILL = 'service/';

type ApiAnswer = Awaited<ReturnType<TestRegistry['request']>>;

/** The registry, the gateway-manager and the relay-planner, each with its real parts, on one log in memory; between them buses that copy. */
export async function startApi(): Promise<TestApi> {
  const clock = new TestClock();
  const store = new MemoryEventStore({ now: () => clock.now().toISOString() });
  const bus = new TestBus();
  const relayBus = new TestBus();
  const registry = await startRegistry({ store, clock, askGatewayManager: bus.ask, askRelayPlanner: relayBus.ask });
  const networks = new NetworkFollower(store, async ({ onFacts }) => {
    const end = store.onAppended((facts) => {
      for (const fact of facts) void onFacts(fact.stream, [fact]);
    });
    return { stop: async () => end() };
  });
  await networks.start();
  const reports = new TestProbes();
  const module = GatewayManagerModule.register({
    replica: 'test',
    store,
    networks,
    reports,
    serveCommand: bus.serve,
    hearAll: async () => {},
    onReconnect: () => () => {},
    clock,
    logger: registry.options.logger,
    metrics: new Metrics(),
  });
  const manager = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: false });
  const relayModule = RelayPlannerModule.register({
    replica: 'test',
    store,
    networks,
    reports,
    serveCommand: relayBus.serve,
    onReconnect: () => () => {},
    clock,
    logger: registry.options.logger,
    metrics: new Metrics(),
  });
  const relayPlanner = await NestFactory.createApplicationContext(relayModule, { abortOnError: false, logger: false });
  const prod: TestApi['prod'] = (method, path, body, headers) =>
    registry.request(method, `/api/v1/networks/prod${path && '/'}${path}`, {
      ...(body && { body }),
      ...(headers && { headers }),
    });
  return {
    ...registry,
    clock,
    gatewayManager: (present) => void (bus.away = !present),
    probe: reports.tell,
    prod,
    refused: async (path, body, method = 'POST') => {
      const networkId = (await prod('GET', '')).body.networkId as string;
      const before = await store.head(networkId);
      const answer = await prod(method, path, body);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      // What a service decides by itself meanwhile is nobody's request.
      const made = (await store.read(networkId, { after: before })).filter(
        ({ metadata }) => !metadata.actor.startsWith(OWN_WILL),
      );
      expect(made).toEqual([]);
      const { code, detail, errors = [] } = answer.body;
      return { status: answer.status, code, detail, fields: errors.map(({ field }: { field: string }) => field) };
    },
    close: async () => {
      await manager.close();
      await relayPlanner.close();
      await networks.stop();
      await registry.close();
    },
  };
}

/** Requests and answers in the process, as JSON like on the wire; refusals travel as they are. */
class TestBus {
  readonly #handlers = new Map<string, (request: unknown) => Promise<unknown>>();
  away = false;

  serve = (command: string, handle: (request: unknown) => Promise<unknown>) => {
    this.#handlers.set(command, handle);
    return async () => void this.#handlers.delete(command);
  };

  ask = async (command: string, request: unknown): Promise<unknown> => {
    const handle = this.#handlers.get(command);
    if (this.away || !handle) throw new Unavailable('service', `nobody answers ${command}`);
    return JSON.parse(JSON.stringify(await handle(JSON.parse(JSON.stringify(request)))));
  };
}

class TestProbes {
  readonly #listeners = new Set<(report: NodeReport) => void>();

  onReport = (listener: (report: NodeReport) => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  tell = (nodeId: string, body: ProbeReport) => {
    for (const listener of this.#listeners) listener({ nodeId, kind: 'probe', body });
  };
}
