import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Refusals } from '#contracts/reports.js';
import { type NodeReport, REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

/** What a node told last, as this replica heard it. Nothing of it survives a restart: it is told again within half a minute. */
export interface NodeObservation {
  /** ISO 8601 UTC, by this replica's clock. */
  lastSeen: string;
  /** The state it holds; null until it said so. */
  held: { epoch: number; revision: number; digest: string } | null;
  /** Its last refusal, until it holds that revision or a later one. */
  rejected: { revision: number; errors: { resource: string; message: string }[] } | null;
  /** What it leaves out of the state that it holds, because no operator signed it. */
  refused: { resource: string; message: string }[];
  agent: { version: string; backend: string; peers: number; repairs: number } | null;
}

/** Listens to all agents' reports. */
@Injectable()
export class NodeLiveness implements OnModuleInit, OnModuleDestroy {
  private readonly observations = new Map<string, NodeObservation>();
  private readonly heldVersions = new Map<string, number>();
  private readonly listeners = new Set<(nodeId: string) => void>();
  private stop: (() => void) | undefined;

  constructor(@Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'reports' | 'clock'>) {}

  onModuleInit(): void {
    this.stop = this.options.reports.onReport((report) => this.hear(report));
  }

  onModuleDestroy(): void {
    this.stop?.();
  }

  /** By the clock that `lastSeen` is of. */
  now(): Date {
    return this.options.clock.now();
  }

  of(nodeId: string): NodeObservation | undefined {
    return this.observations.get(nodeId);
  }

  /** The log version of the set that it holds, as it told last. */
  heldVersion(nodeId: string): number | undefined {
    return this.heldVersions.get(nodeId);
  }

  onHeard(listener: (nodeId: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Forgets nodes that are no longer there. */
  keepOnly(exists: (nodeId: string) => boolean): void {
    for (const nodeId of this.observations.keys()) if (!exists(nodeId)) this.observations.delete(nodeId);
    for (const nodeId of this.heldVersions.keys()) if (!exists(nodeId)) this.heldVersions.delete(nodeId);
  }

  private hear(report: NodeReport): void {
    const before = this.observations.get(report.nodeId) ?? {
      lastSeen: '',
      held: null,
      rejected: null,
      refused: [],
      agent: null,
    };
    const lastSeen = this.options.clock.now().toISOString();
    this.observations.set(report.nodeId, { ...before, ...told(report, before), lastSeen });
    if ('logVersion' in report.body) this.heldVersions.set(report.nodeId, report.body.logVersion ?? 0);
    for (const listener of [...this.listeners]) listener(report.nodeId);
  }
}

function told(report: NodeReport, before: NodeObservation): Partial<NodeObservation> {
  switch (report.kind) {
    case 'applied':
      return holding(report.body, before);
    case 'heartbeat': {
      const { agentVersion, backend, peers, repairs } = report.body;
      return { ...holding(report.body, before), agent: { version: agentVersion, backend, peers, repairs } };
    }
    case 'rejected':
      return { rejected: { revision: report.body.revision, errors: report.body.errors } };
    case 'resync':
    case 'probe':
    case 'observed':
      return {};
    default:
      return report satisfies never;
  }
}

type Held = NonNullable<NodeObservation['held']>;

function holding(
  { epoch, revision, digest, refused = [] }: Held & Refusals,
  { rejected }: NodeObservation,
): Partial<NodeObservation> {
  return {
    held: { epoch, revision, digest },
    refused,
    rejected: rejected && rejected.revision <= revision ? null : rejected,
  };
}
