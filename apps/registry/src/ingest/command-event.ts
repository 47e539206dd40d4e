import { CloudEvent, ValidationError } from 'cloudevents';
import { canonicalJson } from '#contracts/canonical.js';
import { COMMAND_SIGNATURE } from '#contracts/sources.js';

/** A command as a source sent it, in an envelope of CloudEvents 1.0. */
export interface CommandEvent {
  id: string;
  type: string;
  data: Record<string, unknown>;
  /** Of the envelope, as they were sent; a signature covers them. */
  source: string;
  time: string | undefined;
  /** Whatever was sent for one. */
  signature: unknown;
}

/** What was sent is no command at all. */
export class Malformed extends Error {
  constructor(
    message: string,
    /** Of the event, where it could be read. */
    readonly id: string | null,
  ) {
    super(message);
    this.name = 'Malformed';
  }
}

/** Reads CloudEvents 1.0, structured JSON. @throws Malformed that says what is wrong, without quoting the message */
export function readCommandEvent(text: string): CommandEvent {
  const fields = parseObject(text);
  const id = typeof fields.id === 'string' && /^.{1,255}$/su.test(fields.id) ? fields.id : null;
  if (fields.specversion !== '1.0') throw new Malformed('specversion must be "1.0"', id);
  validate(fields, id);
  if (id === null) throw new Malformed('id must be a text of 1 to 255 characters', null);
  const { type, data, datacontenttype = 'application/json' } = fields;
  if (typeof datacontenttype !== 'string' || !/^application\/json\b/.test(datacontenttype))
    throw new Malformed('datacontenttype must be application/json', id);
  if (!isObject(data)) throw new Malformed('data must be a JSON object', id);
  refuseUnwritable(data, id);
  const { source, time, [COMMAND_SIGNATURE]: signature } = fields;
  return {
    id,
    type: String(type),
    data,
    source: String(source),
    time: time === undefined ? time : String(time),
    signature,
  };
}

function validate(fields: Record<string, unknown>, id: string | null): void {
  try {
    // Strict: checked against the specification's schema, names of extensions included.
    new CloudEvent(fields, true);
  } catch (error) {
    const errors = error instanceof ValidationError ? (error.errors ?? []) : [];
    const reasons = errors.map((one) =>
      typeof one === 'string' ? one : `${one.instancePath || 'it'} ${one.message ?? 'is not valid'}`,
    );
    throw new Malformed(`no CloudEvent of version 1.0: ${reasons.join('; ') || 'an attribute is not valid'}`, id);
  }
}

/** JSON.parse takes `1e999` (Infinity) and any depth; neither can be written again. */
function refuseUnwritable(data: object, id: string): void {
  try {
    canonicalJson(data);
  } catch {
    throw new Malformed('data cannot be stored: numbers must be finite and nesting shallow', id);
  }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed('the message is not JSON', null);
  }
  if (!isObject(value)) throw new Malformed('the message is not a JSON object', null);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
