import type { NetworkFact } from '#contracts/facts.js';
import type { ActivationReason } from '#contracts/gateway-facts.js';
import type { NodeReport } from '#messaging/reports.js';
import type { NetworkState } from '#topology/network-state.js';
import { heard, newHealth, probed, type MemberHealth } from './member-health.js';
import { departuresAfter } from './return-delay.js';

/** What this replica knows of one gateway. */
export interface WatchedGateway {
  readonly gatewayId: string;
  readonly network: string;
  /** By node id; members that are enabled nodes. */
  health: Map<string, MemberHealth>;
  /** When it left a member that failed, by the listening clock. */
  departures: number[];
  /** When this replica saw its newest activation; null: before it began to watch. */
  activatedAt: number | null;
}

const MATTERS: ReadonlySet<NetworkFact['type']> = new Set([
  'GatewayCreated',
  'GatewayChanged',
  'GatewayRemoved',
  'GatewayActivated',
  'GatewayDraining',
  'NodeDisabled',
  'NodeEnabled',
  'NodeRemoved',
  'NetworkDeleted',
] as const);

/** Whether facts may change who shall serve. */
export const matters = (facts: readonly NetworkFact[]): boolean => facts.some(({ type }) => MATTERS.has(type));

/** The gateways of all networks and what is heard of their members. Times are of the listening clock. */
export class GatewayWatch {
  readonly #networks = new Map<string, Map<string, WatchedGateway>>();
  readonly #byNode = new Map<string, WatchedGateway[]>();

  gateways(): WatchedGateway[] {
    return [...this.#networks.values()].flatMap((gateways) => [...gateways.values()]);
  }

  of(network: string): WatchedGateway[] {
    return [...(this.#networks.get(network)?.values() ?? [])];
  }

  /** A node is a member of these. */
  servedBy(nodeId: string): readonly WatchedGateway[] {
    return this.#byNode.get(nodeId) ?? [];
  }

  /** Takes over who the members are. A member that is new, or was away, is listened to from now on. */
  follow(network: string, state: NetworkState, now: number): void {
    const before = this.#networks.get(network);
    for (const { health } of before?.values() ?? []) for (const nodeId of health.keys()) this.#byNode.delete(nodeId);
    const after = new Map<string, WatchedGateway>();
    for (const { gatewayId, members } of state.gateways.values()) {
      const watched = before?.get(gatewayId) ?? {
        gatewayId,
        network,
        health: new Map(),
        departures: [],
        activatedAt: null,
      };
      const present = members.filter((nodeId) => state.nodes.get(nodeId)?.enabled);
      watched.health = new Map(present.map((nodeId) => [nodeId, watched.health.get(nodeId) ?? newHealth(now)]));
      after.set(gatewayId, watched);
      for (const nodeId of present) this.#byNode.set(nodeId, [...this.servedBy(nodeId), watched]);
    }
    if (after.size > 0) this.#networks.set(network, after);
    else this.#networks.delete(network);
  }

  noteActivation(network: string, { gatewayId, reason }: { gatewayId: string; reason: ActivationReason }, now: number) {
    const watched = this.#networks.get(network)?.get(gatewayId);
    if (!watched) return;
    watched.departures = departuresAfter(watched.departures, reason, now);
    watched.activatedAt = now;
  }

  /** Whose members a report tells of. */
  hear(report: NodeReport, now: number): readonly WatchedGateway[] {
    const gateways = this.servedBy(report.nodeId);
    for (const { gatewayId, health } of gateways)
      health.set(report.nodeId, told(health.get(report.nodeId) ?? newHealth(now), { gatewayId, report }, now));
    return gateways;
  }

  /** Begins anew for all members: what was heard before is too long ago to say anything. */
  forget(now: number): void {
    for (const { health } of this.gateways()) for (const nodeId of health.keys()) health.set(nodeId, newHealth(now));
  }
}

function told(
  health: MemberHealth,
  { gatewayId, report }: { gatewayId: string; report: NodeReport },
  at: number,
): MemberHealth {
  if (report.kind !== 'probe') return heard(health, at);
  const probe = report.body.gateways.find((one) => one.gatewayId === gatewayId);
  if (!probe) return heard(health, at);
  return probed(health, probe, { at, handshakeAge: report.body.handshakeAge });
}
