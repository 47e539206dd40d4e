/** Every subject and stream name of the public interface (docs/nats.md), in one place. */

export const STREAMS = {
  events: 'TOMBOLO_EVENTS',
  nodes: 'TOMBOLO_NODES',
  ingest: 'TOMBOLO_INGEST',
  /** Where a network's publisher notes how far it has read the heads of its nodes. */
  checkpoints: 'TOMBOLO_CHECKPOINTS',
  /** Messages nobody could read, with the reason. */
  parked: 'TOMBOLO_PARKED',
} as const;

/** Deltas of a node live in a ring of this many subjects, so a node's storage is bounded. */
export const RING = 128;

/** `network` is the network's name, or `system`. */
export const eventSubject = (network: string, type: string) => `tombolo.events.${network}.${type}`;

export const nodeFullSubject = (node: string) => `tombolo.nodes.${node}.full`;
export const nodeDeltaSubject = (node: string, revision: number) => `tombolo.nodes.${node}.delta.${revision % RING}`;

/** Where a node hears live what is stored under `tombolo.nodes.`. */
export const liveSubject = (node: string) => `tombolo.live.${node}.>`;

/** Subject prefixes of stored, live and reported messages; a node's id follows. */
export const NODES_PREFIX = 'tombolo.nodes';
export const LIVE_PREFIX = 'tombolo.live';
export const REPORTS_PREFIX = 'tombolo.reports';

export type ReportKind = 'applied' | 'rejected' | 'heartbeat' | 'resync' | 'probe' | 'observed';
export const reportSubject = (node: string, kind: ReportKind) => `tombolo.reports.${node}.${kind}`;

/** Who owns facts of networks besides the registry. */
export type CommandService = 'gateway-manager' | 'relay-planner';

/** Commands reach the service that owns the fact by request/reply. */
export const commandSubject = (service: CommandService, command: string) => `tombolo.commands.${service}.${command}`;

/** Where a source sends its commands, and where it hears what became of them. */
export const ingestSubject = (source: string) => `tombolo.ingest.${source}`;
export const ingestResultSubject = (source: string) => `tombolo.ingest-results.${source}`;

export const checkpointSubject = (network: string) => `tombolo.checkpoints.${network}`;

export const parkedSubject = (service: string) => `tombolo.parked.${service}`;
