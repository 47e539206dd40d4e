/** Commands that the relay-planner serves on `tombolo.commands.relay-planner.<name>`. Nodes are named by id. */
export interface RelayCommandBodies {
  'relay.set': SetRelayBody;
  'relay.unset': UnsetRelayBody;
  'relay.assign': AssignRelayBody;
}

export type RelayCommandName = keyof RelayCommandBodies;

export interface SetRelayBody {
  nodeId: string;
  /** Nodes that may be behind it; left out: as it is, or 1,000. */
  capacity?: number;
}

export interface UnsetRelayBody {
  nodeId: string;
}

export interface AssignRelayBody {
  nodeId: string;
  /** null: by measured latency and load. */
  relayId: string | null;
}

/** Asked on `latency`: what one replica has heard of links; nothing of it is in the log. */
export interface LatencyRequest {
  networkId: string;
  /** Pairs of node ids, in any order; {@link MOST_LATENCY_PAIRS} at most. */
  pairs: [string, string][];
}

export interface LatencyReply {
  /** One for each pair that was asked for; null: nothing was heard lately. */
  links: (LinkLatency | null)[];
}

export interface LinkLatency {
  /** What the last of both said; at the same time: the worse. */
  link: 'up' | 'unanswered';
  /** Round-trip time in milliseconds, smoothed; null: not measured, or nobody answers. */
  rtt: number | null;
  /** Their newest handshake that was told, ISO 8601 UTC by that clock; null: there was none, or none was told. */
  handshakeAt: string | null;
  /** When it was said, ISO 8601 UTC by the clock of the replica that answers. */
  heardAt: string;
}

/** Fits a message of the broker, question and answer. */
export const MOST_LATENCY_PAIRS = 4_000;
