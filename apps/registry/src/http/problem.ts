import { HttpException } from '@nestjs/common';
import { type FieldError, isRefusal, type RefusalCode, Unavailable } from '#contracts/errors.js';

/** RFC 9457 problem details, as every error of the API is answered. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  errors?: FieldError[];
}

/** What goes wrong before a command reaches the domain. */
export type TransportCode =
  | 'malformed'
  | 'timeout'
  | 'too_large'
  | 'unsupported_media_type'
  | 'headers_too_large'
  | 'too_many_requests'
  | 'unavailable'
  | 'internal';

export type ProblemCode = RefusalCode | TransportCode;

/** The one table from codes to statuses. */
export const PROBLEMS: Record<ProblemCode, { status: number; title: string }> = {
  malformed: { status: 400, title: 'The request is malformed' },
  unauthorized: { status: 401, title: 'Authentication is needed' },
  key_unknown: { status: 401, title: 'The enrolment key is unknown' },
  forbidden: { status: 403, title: 'This token may not do that' },
  not_found: { status: 404, title: 'Not found' },
  timeout: { status: 408, title: 'The request took too long to arrive' },
  name_taken: { status: 409, title: 'The name is taken' },
  lock_refused: { status: 409, title: 'The lock does not take it' },
  name_reserved: { status: 409, title: 'The name is reserved' },
  cidr_overlap: { status: 409, title: 'The range overlaps another' },
  range_exhausted: { status: 409, title: 'No address is free' },
  network_not_empty: { status: 409, title: 'The network is not empty' },
  key_expired: { status: 409, title: 'The enrolment key has expired' },
  key_revoked: { status: 409, title: 'The enrolment key was revoked' },
  key_exhausted: { status: 409, title: 'The enrolment key is used up' },
  public_key_taken: { status: 409, title: 'The public key is in use' },
  node_disabled: { status: 409, title: 'The node is disabled' },
  last_admin: { status: 409, title: 'It is the last admin token' },
  id_taken: { status: 409, title: 'The id is taken' },
  gateway_member_unknown: { status: 409, title: 'The gateway names an unknown node' },
  endpoint_in_range: { status: 409, title: 'The range holds an endpoint of its own node' },
  range_in_mesh: { status: 409, title: 'The range lies in the mesh' },
  address_port_taken: { status: 409, title: 'The address and port are taken' },
  link_self: { status: 409, title: 'A cluster cannot be linked with itself' },
  pool_exhausted: { status: 409, title: 'The virtual pool has no room' },
  internet_loop: { status: 409, title: 'Internet gateways would form a loop' },
  model_forbids: { status: 409, title: 'The network model forbids it' },
  in_use: { status: 409, title: 'It is still in use' },
  already_member: { status: 409, title: 'It belongs to another already' },
  gateway_inactive: { status: 409, title: 'No node serves the gateway' },
  no_endpoint: { status: 409, title: 'The node has no public endpoint' },
  relay_unreachable: { status: 409, title: 'Nobody can call the relay' },
  not_a_relay: { status: 409, title: 'The node is no relay' },
  relay_self: { status: 409, title: 'A relay is behind no relay' },
  relay_full: { status: 409, title: 'The relay has no room' },
  idempotency_mismatch: { status: 409, title: 'The idempotency key was used for another request' },
  version_mismatch: { status: 412, title: 'The resource has changed' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  cidr_invalid: { status: 422, title: 'The range is not valid' },
  invalid: { status: 422, title: 'Fields are not valid' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something failed here' },
  unavailable: { status: 503, title: 'A part of the service does not answer' },
};

/** Seconds that a client should wait before it tries a part again that was away. */
const RETRY_AFTER_UNAVAILABLE = 2;

/** Too many of something from one source. */
export class TooManyRequests extends Error {
  constructor(
    readonly retryAfter: number,
    detail: string,
  ) {
    super(detail);
  }
}

export interface ProblemAnswer {
  problem: Problem;
  headers: Record<string, string>;
}

export function problem(code: ProblemCode, detail: string, errors: FieldError[] = []): Problem {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:tombolo:problem:${code}`, title, status, code, detail, ...(errors.length ? { errors } : {}) };
}

/** Any error, whoever threw it, as the problem that the client sees. Nothing of an unforeseen error is told. */
export function problemOf(error: unknown): ProblemAnswer {
  if (isRefusal(error)) {
    const answer = { problem: problem(error.code, error.detail, error.errors), headers: {} };
    const challenge = { 'www-authenticate': 'Bearer realm="tombolo"' };
    return answer.problem.status === 401 ? { ...answer, headers: challenge } : answer;
  }
  if (error instanceof TooManyRequests)
    return {
      problem: problem('too_many_requests', error.message),
      headers: { 'retry-after': String(error.retryAfter) },
    };
  if (error instanceof Unavailable) return unavailable(error.message);
  if (error instanceof HttpException) return { problem: ofStatus(error.getStatus(), error.message), headers: {} };
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { problem: ofStatus(status, (error as Error).message), headers: {} };
  return { problem: problem('internal', 'An unforeseen error was logged; repeat the request later.'), headers: {} };
}

export function unavailable(detail: string): ProblemAnswer {
  return { problem: problem('unavailable', detail), headers: { 'retry-after': String(RETRY_AFTER_UNAVAILABLE) } };
}

const byStatus = new Map<number, ProblemCode>([
  [400, 'malformed'],
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [408, 'timeout'],
  [413, 'too_large'],
  [415, 'unsupported_media_type'],
  [431, 'headers_too_large'],
]);

function ofStatus(status: number, detail: string): Problem {
  const code = byStatus.get(status) ?? (status < 500 ? 'malformed' : 'internal');
  return problem(code, detail);
}
