import { type CpuSeconds, cpuSeconds, cpuSince } from './cpu-meter.js';
import { LiveMeter } from './live-meter.js';
import type { Agents } from './agents.js';
import { inParallel } from './in-parallel.js';
import type { Mesh } from './mesh.js';
import { round, type Summary, summary } from '../summary.js';

export interface JoinResult {
  joins: number;
  /** Agents that had to have the peer, at the first join; each join adds one. */
  agents: number;
  /** From before the request was sent until the last agent had verified the message. */
  ms: Summary;
  /** Of which: until the answer to the request was there. */
  enrolMs: Summary;
  /** Of everything from the first join until every agent has said what it holds, heartbeats meanwhile included. */
  cpuSecondsPerJoin: CpuSeconds;
}

/** One join after the other, each when nothing is on its way any more. */
export async function measureJoins(mesh: Mesh<Agents>, joins: number): Promise<JoinResult> {
  const { fleet, plane } = mesh;
  const agents = fleet.size;
  const times: number[] = [];
  const enrolTimes: number[] = [];
  const nodes = mesh.create(joins);
  await mesh.reported();
  const before = cpuSeconds(plane.pids);
  for (const node of nodes) {
    // A thousand machines do not stop all at once to collect what a thousand agents left behind.
    await fleet.collect();
    const { held } = await fleet.expect(node.request.name);
    const sent = performance.now();
    const enrolled = await plane.enrol(node);
    enrolTimes.push(performance.now() - sent);
    fleet.add(enrolled);
    times.push((await held) - sent);
    await mesh.settled();
  }
  await mesh.reported();
  const cpuSecondsPerJoin = cpuSince(before, cpuSeconds(plane.pids), joins);
  return { joins, agents, ms: summary(times), enrolMs: summary(enrolTimes), cpuSecondsPerJoin };
}

export interface TrafficResult {
  joins: number;
  /** Deltas; the node that joins gets a full besides. */
  messagesPerJoin: number;
  bytesPerJoin: number;
  /** `delivered`: subject, headers and payload as they reach the agent; `sent`: without what the broker added. Stored once more. */
  bytesPerRecipient: { sent: number; delivered: number; subject: number; headers: number; payload: number };
}

/** The same once more, with somebody who weighs the messages. */
export async function measureTraffic(mesh: Mesh<Agents>, joins: number): Promise<TrafficResult> {
  const { fleet, plane } = mesh;
  const meter = await LiveMeter.open(mesh.observer);
  let recipients = 0;
  for (const node of mesh.create(joins)) {
    recipients += fleet.size;
    const { held } = await fleet.expect(node.request.name);
    fleet.add(await plane.enrol(node));
    await held;
    await mesh.settled();
  }
  await mesh.observer.check();
  meter.stop();
  const { messages, subject, headers, brokerHeaders, payload } = meter.delivered;
  const bytes = subject + headers + payload;
  const perRecipient = (sum: number) => round(sum / recipients);
  return {
    joins,
    messagesPerJoin: round(messages / joins),
    bytesPerJoin: Math.round(bytes / joins),
    bytesPerRecipient: {
      sent: perRecipient(bytes - brokerHeaders),
      delivered: perRecipient(bytes),
      subject: perRecipient(subject),
      headers: perRecipient(headers),
      payload: perRecipient(payload),
    },
  };
}

export interface BurstResult {
  joins: number;
  /** Until every agent that was there before holds all that joined. */
  seconds: number;
  /** Until the last was acknowledged. */
  enrolSeconds: number;
  /** Until the ones that joined hold all others, too. */
  secondsUntilLevel: number;
  cpuSeconds: CpuSeconds;
}

/** Many machines that join at once. */
export async function measureBurst(mesh: Mesh<Agents>, joins: number): Promise<BurstResult> {
  const { fleet, plane } = mesh;
  const nodes = mesh.create(joins);
  await mesh.reported();
  const before = cpuSeconds(plane.pids);
  const expected = await Promise.all(nodes.map((node) => fleet.expect(node.request.name)));
  const sent = performance.now();
  const since = (at = performance.now()) => Number(((at - sent) / 1_000).toFixed(3));
  const all = Promise.all(expected.map(({ held }) => held)).then((times) => since(Math.max(...times)));
  await inParallel(nodes, joins, async (node) => fleet.add(await plane.enrol(node)));
  const enrolSeconds = since();
  const seconds = await all;
  await mesh.complete();
  const secondsUntilLevel = since();
  await mesh.reported();
  return { joins, seconds, enrolSeconds, secondsUntilLevel, cpuSeconds: cpuSince(before, cpuSeconds(plane.pids), 1) };
}
