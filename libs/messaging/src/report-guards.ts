import { isId } from '#contracts/names.js';
import type {
  AppliedReport,
  HeartbeatReport,
  ObservedReport,
  ProbeReport,
  RejectedReport,
  ResyncReport,
} from '#contracts/reports.js';
import { readObserved } from './observed-guard.js';

export type NodeReport =
  | { nodeId: string; kind: 'applied'; body: AppliedReport }
  | { nodeId: string; kind: 'rejected'; body: RejectedReport }
  | { nodeId: string; kind: 'heartbeat'; body: HeartbeatReport }
  | { nodeId: string; kind: 'resync'; body: ResyncReport }
  | { nodeId: string; kind: 'probe'; body: ProbeReport }
  | { nodeId: string; kind: 'observed'; body: ObservedReport };

/** A rejection names so many resources at most; the rest is dropped. */
const MOST_ERRORS = 50;
/** A node is member of so many gateways at most; a report of more is refused. */
const MOST_GATEWAYS = 500;
const LONGEST_DETAIL = 256;
const MOST_BYTES = 64 * 1024;

/**
 * Reads what a node says on `tombolo.reports.<node>.<kind>`. The subject is proven by the broker, the content by nothing:
 * only known fields of the right type and a sane size come through.
 * @throws Error that names what is wrong
 */
export function readReport(subject: string, data: Uint8Array): NodeReport {
  const [, , nodeId, kind, ...rest] = subject.split('.');
  if (!isId(nodeId) || rest.length > 0) throw new Error('the subject names no node');
  if (data.length > MOST_BYTES) throw new Error(`the report has ${data.length} bytes`);
  const fields = fieldsOf(data);
  switch (kind) {
    case 'applied':
      return { nodeId, kind, body: { ...position(fields), ...held(fields), tookMs: amount(fields, 'tookMs') } };
    case 'rejected':
      return {
        nodeId,
        kind,
        body: { ...position(fields), held: whole(fields, 'held'), errors: problems(fields, 'errors') },
      };
    case 'resync': {
      const reason = oneOf(fields, 'reason', ['no_state', 'gap', 'digest_mismatch', 'unreadable']);
      return { nodeId, kind, body: { ...position(fields), reason } };
    }
    case 'heartbeat':
      return { nodeId, kind, body: heartbeat(fields) };
    case 'probe':
      return { nodeId, kind, body: { gateways: probes(fields), handshakeAge: age(fields) } };
    case 'observed':
      return { nodeId, kind, body: readObserved(fields) };
    default:
      throw new Error('the subject names no kind of report');
  }
}

type Fields = Record<string, unknown>;

function fieldsOf(data: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch {
    throw new Error('the report is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('the report is not a JSON object');
  return value as Fields;
}

function heartbeat(fields: Fields): HeartbeatReport {
  return {
    ...position(fields),
    agentVersion: text(fields, 'agentVersion', 64),
    ...held(fields),
    backend: oneOf(fields, 'backend', ['kernel', 'userspace', 'none']),
    peers: whole(fields, 'peers'),
    repairs: whole(fields, 'repairs'),
  };
}

const position = (fields: Fields) => ({ epoch: whole(fields, 'epoch'), revision: whole(fields, 'revision') });

const held = (fields: Fields) => ({
  digest: digest(fields),
  ...(fields.logVersion !== undefined && { logVersion: whole(fields, 'logVersion') }),
  ...(fields.refused !== undefined && { refused: problems(fields, 'refused') }),
});

function problems(fields: Fields, name: 'errors' | 'refused'): RejectedReport['errors'] {
  const list = fields[name];
  if (!Array.isArray(list)) throw new Error(`${name} is not a list`);
  return list.slice(0, MOST_ERRORS).map((item: unknown) => {
    if (typeof item !== 'object' || item === null) throw new Error(`${name} holds something that is no object`);
    return { resource: text(item as Fields, 'resource', 256), message: text(item as Fields, 'message', 1_024) };
  });
}

function probes({ gateways }: Fields): ProbeReport['gateways'] {
  if (!Array.isArray(gateways)) throw new Error('gateways is not a list');
  if (gateways.length > MOST_GATEWAYS) throw new Error(`gateways holds more than ${MOST_GATEWAYS}`);
  return gateways.map((item: unknown) => {
    if (typeof item !== 'object' || item === null) throw new Error('gateways holds something that is no object');
    const { gatewayId, ok, detail } = item as Fields;
    if (!isId(gatewayId)) throw new Error('gatewayId is no id');
    if (typeof ok !== 'boolean') throw new Error('ok is neither true nor false');
    if (typeof detail !== 'string') throw new Error('detail is no text');
    // Cut, not refused: what is said beside it is a sign of life.
    return { gatewayId, ok, detail: detail.slice(0, LONGEST_DETAIL) };
  });
}

const age = (fields: Fields) => (fields.handshakeAge === null ? null : amount(fields, 'handshakeAge'));

function whole(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${name} is not a whole number`);
}

function amount(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name} is not a number`);
}

function text(fields: Fields, name: string, longest: number): string {
  const value = fields[name];
  if (typeof value === 'string' && value.length <= longest) return value;
  throw new Error(`${name} is not a text of up to ${longest} characters`);
}

function digest(fields: Fields): string {
  const value = text(fields, 'digest', 32);
  if (/^[0-9a-f]{32}$/.test(value)) return value;
  throw new Error('digest is not 32 hexadecimal digits');
}

function oneOf<const T extends string>(fields: Fields, name: string, values: readonly T[]): T {
  const value = values.find((each) => each === fields[name]);
  if (value !== undefined) return value;
  throw new Error(`${name} is none of ${values.join(', ')}`);
}
