import type { Agents } from './agents.js';
import { LiveMeter } from './live-meter.js';
import type { Mesh } from './mesh.js';

export interface RestartResult {
  signal: 'SIGTERM' | 'SIGKILL';
  /** Until the old process and its database and broker were gone. */
  stopMs: number;
  /** From the start of the new process on, milliseconds. */
  readyMs: number;
  /** Until the planner held the lease and had compared every node's head with the plan. */
  planningMs: number;
  /** A join is sent as soon as the API is ready: until its first message was published, */
  publishedMs: number;
  /** and until the last agent had it. Agents come back up to 7 s after they lost the broker. */
  allAgentsMs: number;
}

/** Ends the whole control plane, starts it again on what it kept, and lets a node join as soon as it is ready. */
export async function measureRestart(mesh: Mesh<Agents>, signal: RestartResult['signal']): Promise<RestartResult> {
  const { plane, fleet } = mesh;
  const [node] = mesh.create(1);
  if (!node) throw new Error('no node');
  await mesh.settled();
  const killed = performance.now();
  await plane.stop(signal);
  const started = performance.now();
  await plane.spawn();
  const since = (at = performance.now()) => Math.round(at - started);
  await plane.ready();
  const readyMs = since();
  await mesh.observer.whenConnected();
  const { held } = await fleet.expect(node.request.name);
  let published: (at: number) => void = () => {};
  const first = new Promise<number>((resolve) => (published = resolve));
  let version = Infinity;
  let newest = 0;
  const meter = await LiveMeter.open(mesh.observer, (logVersion) => {
    newest = Math.max(newest, logVersion);
    if (newest >= version) published(performance.now());
  });
  const enrolled = await plane.enrol(node);
  version = enrolled.answer.version;
  if (newest >= version) published(performance.now());
  const publishedMs = since(await first);
  meter.stop();
  fleet.add(enrolled);
  const allAgentsMs = since(await held);
  const planningMs = since(plane.logged.get('publishing for a network'));
  await mesh.settled();
  return { signal, stopMs: Math.round(started - killed), readyMs, planningMs, publishedMs, allAgentsMs };
}
