/** Why a well-formed request was refused. The code is part of the public interface: HTTP problems and ingest results carry it. */
export type RefusalCode =
  | 'not_found'
  | 'name_taken'
  | 'name_reserved'
  | 'cidr_overlap'
  | 'cidr_invalid'
  | 'range_exhausted'
  | 'network_not_empty'
  | 'key_unknown'
  | 'key_expired'
  | 'key_revoked'
  | 'key_exhausted'
  | 'public_key_taken'
  | 'node_disabled'
  | 'last_admin'
  /** The id names another thing already. */
  | 'id_taken'
  /** A gateway's member is no node of the network. */
  | 'gateway_member_unknown'
  /** A range holds the endpoint of the node that would serve it: a tunnel in itself. */
  | 'endpoint_in_range'
  /** A range equals the mesh range or lies inside it. */
  | 'range_in_mesh'
  | 'address_port_taken'
  | 'link_self'
  /** The virtual pool has no room for a range of that length. */
  | 'pool_exhausted'
  /** An internet gateway would send its traffic through another one, or a node through two. */
  | 'internet_loop'
  /** The cluster's network model rules it out. */
  | 'model_forbids'
  /** Links, gateways, publications or clients still need it. */
  | 'in_use'
  /** The node belongs to another cluster, or the cluster has another door. */
  | 'already_member'
  /** Nobody can call the node, so it can forward for nobody. */
  | 'relay_unreachable'
  /** The node named is no relay. */
  | 'not_a_relay'
  /** A relay is behind no relay. */
  | 'relay_self'
  /** The relay has as many nodes behind it as it may. */
  | 'relay_full'
  /** No member of the gateway serves. */
  | 'gateway_inactive'
  /** The node offers no endpoint that can be called from outside. */
  | 'no_endpoint'
  /** What was signed does not follow from the lock, or is not by a key that counts. */
  | 'lock_refused'
  | 'version_mismatch'
  | 'idempotency_mismatch'
  | 'invalid'
  | 'unauthorized'
  | 'forbidden';

export interface FieldError {
  /** Path of the field in the request, for instance `endpoints[0].port`. */
  field: string;
  message: string;
}

/** The domain says no. Nothing was written. `detail` names the other party and what to do next. */
export class Refusal extends Error {
  readonly kind = 'refusal';

  constructor(
    readonly code: RefusalCode,
    readonly detail: string,
    readonly errors: FieldError[] = [],
  ) {
    super(detail);
    this.name = 'Refusal';
  }
}

/** Another writer appended first: fold again and decide again. Never shown to a user. */
export class ConcurrencyConflict extends Error {
  readonly kind = 'concurrency';

  constructor(
    readonly stream: string,
    readonly expectedVersion: number,
  ) {
    super(`stream ${stream} is past version ${expectedVersion}`);
    this.name = 'ConcurrencyConflict';
  }
}

/** A part we depend on does not answer (database, broker). Safe to retry with the same command id. */
export class Unavailable extends Error {
  readonly kind = 'unavailable';

  constructor(
    readonly part: 'log' | 'broker' | 'service',
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'Unavailable';
  }
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Refusal;
}
