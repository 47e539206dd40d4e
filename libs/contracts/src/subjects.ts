/** Every subject and stream name of the public interface (docs/nats.md), in one place. */

export const STREAMS = { events: 'TOMBOLO_EVENTS', nodes: 'TOMBOLO_NODES', ingest: 'TOMBOLO_INGEST' } as const;

/** Deltas of a node live in a ring of this many subjects, so a node's storage is bounded. */
export const RING = 128;

/** `network` is the network's name, or `system`. */
export const eventSubject = (network: string, type: string) => `tombolo.events.${network}.${type}`;

export const nodeFullSubject = (node: string) => `tombolo.nodes.${node}.full`;
export const nodeDeltaSubject = (node: string, revision: number) => `tombolo.nodes.${node}.delta.${revision % RING}`;

/** Where the server republishes what is stored under `tombolo.nodes.`. */
export const liveSubject = (node: string) => `tombolo.live.${node}.>`;

export type ReportKind = 'applied' | 'rejected' | 'heartbeat' | 'resync';
export const reportSubject = (node: string, kind: ReportKind) => `tombolo.reports.${node}.${kind}`;

/** Commands reach the service that owns the fact by request/reply. */
export const commandSubject = (service: 'gateway-manager' | 'relay-planner', command: string) =>
  `tombolo.commands.${service}.${command}`;
