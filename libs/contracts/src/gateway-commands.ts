import type { CommandRequest } from './command-request.js';
import type { NewFact } from './facts.js';
import type { GatewayKind, ProbeTarget } from './gateway-facts.js';

/**
 * Commands that the gateway-manager serves on `tombolo.commands.gateway-manager.<name>`. Everything in a body is named by
 * id; ids of new things are UUIDv7 and made by the asker, so that a repetition is the same thing.
 */
export interface GatewayCommandBodies {
  'gateway.create': CreateGatewayBody;
  'gateway.change': ChangeGatewayBody;
  'gateway.remove': RemoveGatewayBody;
  'gateway.drain': DrainGatewayBody;
  'link.create': LinkClustersBody;
  'link.remove': UnlinkClustersBody;
  'client.create': CreateClientBody;
  'client.revoke': RevokeClientBody;
  'publication.create': PublishServiceBody;
  'publication.withdraw': WithdrawServiceBody;
}

export type GatewayCommandName = keyof GatewayCommandBodies;

export interface GatewayUsers {
  nodes?: string[];
  clients?: string[];
}

export interface CreateGatewayBody {
  /** UUIDv7 for a new gateway. */
  gatewayId: string;
  name: string;
  kind: GatewayKind;
  /** Kind egress. */
  ranges?: string[];
  /** Left out: yes for egress and internet, no for the others. */
  masquerade?: boolean;
  /** Node ids in order of preference. */
  members: string[];
  probe?: ProbeTarget | null;
  /** Kind cluster. */
  clusterId?: string | null;
  /** Kind internet. */
  users?: GatewayUsers;
}

/** Fields left out stay as they are; those given replace the whole value. */
export interface ChangeGatewayBody {
  gatewayId: string;
  ranges?: string[];
  masquerade?: boolean;
  members?: string[];
  /** null: none. */
  probe?: ProbeTarget | null;
  users?: GatewayUsers;
}

export interface RemoveGatewayBody {
  gatewayId: string;
  /** Revoke the clients behind it too. */
  force?: boolean;
}

export interface DrainGatewayBody {
  gatewayId: string;
  nodeId: string;
  /** Left out: true; false lets it serve again. */
  draining?: boolean;
}

export interface LinkClustersBody {
  /** UUIDv7 for a new link. */
  linkId: string;
  /** Cluster ids, in any order. */
  a: string;
  b: string;
  /** What to do about ranges that overlap another's; left out: assign virtual ones. */
  onOverlap?: 'assign' | 'refuse';
}

export interface UnlinkClustersBody {
  linkId: string;
}

export interface CreateClientBody {
  /** UUIDv7 for a new client. */
  clientId: string;
  name: string;
  /** WireGuard public key, base64; the private half stays where it was made. */
  publicKey: string;
  /** An ingress gateway. */
  gatewayId: string;
  /** Ranges it may reach; left out: the network's. 0.0.0.0/0 and ::/0 allow the internet too. */
  allowed?: string[];
}

export interface RevokeClientBody {
  clientId: string;
}

export interface PublishServiceBody {
  /** UUIDv7 for a new publication. */
  publicationId: string;
  clusterId: string;
  /** Left out: tcp. */
  protocol?: 'tcp' | 'udp';
  /** Inside the cluster's service or pod ranges. */
  service: { address: string; port: number };
  /** Address left out: the one the cluster publishes on already, else a free one. It survives a change of the door's node. */
  mesh: { address?: string; port: number };
}

export interface WithdrawServiceBody {
  publicationId: string;
}

/** Asked on `plan`: what a command would do on a state that is planned, nothing of it in the log. */
export interface GatewayPlanRequest<Name extends GatewayCommandName = GatewayCommandName> {
  networkId: string;
  /** Log version that the plan rests on. */
  version: number;
  /** Facts planned so far, folded on the state at that version. */
  facts: NewFact[];
  meta: CommandRequest<unknown>['meta'];
  command: Name;
  body: GatewayCommandBodies[Name];
}

export interface GatewayPlanReply {
  /** Facts that the command would make next. */
  facts: NewFact[];
}

/** Asked on `gateway.health`: `{networkId}`. What one replica has heard; nothing of it is in the log. */
export interface GatewayHealthRequest {
  networkId: string;
}

export interface GatewayHealthReply {
  gateways: { gatewayId: string; members: GatewayMemberHealth[] }[];
}

export interface GatewayMemberHealth {
  nodeId: string;
  /** ISO 8601 UTC, by the clock of the replica that answers; null: not heard since it began to listen. */
  heardAt: string | null;
  /** Whether it may serve; null: nothing is known. */
  ok: boolean | null;
  /** What its last probe said, or why it is not ok. */
  detail: string;
  /** Age of its newest handshake with any peer, seconds, when it was heard; null: none, or not told. */
  handshakeAge: number | null;
}
