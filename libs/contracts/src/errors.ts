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
