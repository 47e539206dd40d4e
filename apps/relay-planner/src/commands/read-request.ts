import type { CommandRequest } from '#contracts/command-request.js';
import { Refusal, type FieldError } from '#contracts/errors.js';
import { isId } from '#contracts/names.js';
import {
  type LatencyRequest,
  MOST_LATENCY_PAIRS,
  type RelayCommandBodies,
  type RelayCommandName,
} from '#contracts/relay-commands.js';

type Fields = Record<string, unknown>;
type Check = (value: unknown) => string | undefined;

const id: Check = (value) => (isId(value) ? undefined : 'must be a UUIDv7');
const idOrNull: Check = (value) => (value === null ? undefined : id(value));
const text: Check = (value) =>
  typeof value === 'string' && value.length > 0 && value.length <= 128 ? undefined : 'must be a text';
const object: Check = (value) => (typeof value === 'object' && value !== null ? undefined : 'must be a JSON object');
const pairs: Check = (value) =>
  Array.isArray(value) && value.length <= MOST_LATENCY_PAIRS && value.every(isPair)
    ? undefined
    : `must be up to ${MOST_LATENCY_PAIRS} pairs of UUIDv7`;
const optionalNumber: Check = (value) =>
  value === undefined || Number.isInteger(value) ? undefined : 'must be a whole number';

const REQUEST = { networkId: id, fingerprint: text, meta: object, body: object };
const META = { commandId: text, actor: text, expectedVersion: optionalNumber };
const BODIES: { [Name in RelayCommandName]: Record<keyof RelayCommandBodies[Name], Check> } = {
  'relay.set': { nodeId: id, capacity: optionalNumber },
  'relay.unset': { nodeId: id },
  'relay.assign': { nodeId: id, relayId: idOrNull },
};

/** What came over the network, field by field. @throws Refusal `invalid` */
export function readRequest<Name extends RelayCommandName>(
  name: Name,
  request: unknown,
): CommandRequest<RelayCommandBodies[Name]> {
  const fields = checked(REQUEST, request, '');
  const meta = checked(META, fields.meta, 'meta.');
  const body = checked(BODIES[name], fields.body, 'body.');
  return { ...fields, meta, body } as unknown as CommandRequest<RelayCommandBodies[Name]>;
}

/** @throws Refusal `invalid` */
export const readLatencyRequest = (request: unknown): LatencyRequest =>
  checked({ networkId: id, pairs }, request, '') as unknown as LatencyRequest;

const isPair = (value: unknown) => Array.isArray(value) && value.length === 2 && value.every(isId);

function checked(checks: Record<string, Check>, value: unknown, within: string): Fields {
  const fields = Object(value) as Fields;
  const errors: FieldError[] = [
    ...Object.entries(checks).map(([name, check]) => ({ field: within + name, message: check(fields[name]) ?? '' })),
    ...Object.keys(fields)
      .filter((name) => !(name in checks))
      .map((name) => ({ field: within + name, message: 'is not a field of this command' })),
  ].filter(({ message }) => message !== '');
  if (errors.length > 0)
    throw new Refusal('invalid', errors.map(({ field, message }) => `${field} ${message}`).join('; '), errors);
  return fields;
}
