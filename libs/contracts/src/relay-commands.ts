import type { GatewayCommandReply, GatewayCommandRequest } from './gateway-commands.js';

/** Commands that the relay-planner serves on `tombolo.commands.relay-planner.<name>`. Nodes are named by id. */
export interface RelayCommandBodies {
  'relay.set': SetRelayBody;
  'relay.unset': UnsetRelayBody;
  'relay.assign': AssignRelayBody;
}

export type RelayCommandName = keyof RelayCommandBodies;
export type RelayCommandRequest<Body> = GatewayCommandRequest<Body>;
export type RelayCommandReply<Answer = unknown> = GatewayCommandReply<Answer>;

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
