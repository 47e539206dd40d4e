import type { CloudEventV1 } from 'cloudevents';
import type { AnyFact, RecordedFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';

const TYPE_PREFIX = 'tombolo.';

/**
 * A fact as CloudEvents 1.0, structured JSON. Extensions carry what a consumer needs to hold the whole fact again, to
 * the letter: the SDK's own class would rewrite times, which are part of the fact's hash.
 * @param network the name of the fact's network, or `system`
 */
export function toCloudEvent(fact: RecordedFact, network: string): string {
  const { actor, commandId, causationId, correlationId, at } = fact.metadata;
  const event: CloudEventV1<unknown> & Record<string, unknown> = {
    specversion: '1.0',
    id: `${fact.stream}:${fact.version}`,
    source: fact.stream === SYSTEM_STREAM ? '/tombolo/system' : `/tombolo/networks/${fact.stream}`,
    type: TYPE_PREFIX + fact.type,
    subject: network,
    time: at,
    datacontenttype: 'application/json',
    version: fact.version,
    stream: fact.stream,
    hash: fact.hash,
    recordedat: fact.recordedAt,
    actor,
    commandid: commandId,
    causationid: causationId,
    correlationid: correlationId,
    data: fact.data,
  };
  return JSON.stringify(event);
}

/** @throws Error that names what is wrong with the text */
export function fromCloudEvent(text: string): RecordedFact {
  const event = parseObject(text);
  const field = (name: string): string => {
    const value = event[name];
    if (typeof value !== 'string') throw new Error(`the event has no text in ${name}`);
    return value;
  };
  const { version, data, causationid, correlationid } = event;
  if (field('specversion') !== '1.0') throw new Error('the event is not of CloudEvents 1.0');
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    throw new Error('the event has no whole number above 0 in version');
  if (typeof data !== 'object' || data === null) throw new Error('the event has no object in data');
  if (!field('type').startsWith(TYPE_PREFIX)) throw new Error('the event is not one of ours');
  const fact = { type: field('type').slice(TYPE_PREFIX.length), data } as AnyFact;
  return {
    ...fact,
    stream: field('stream'),
    version,
    hash: field('hash'),
    recordedAt: field('recordedat'),
    metadata: {
      actor: field('actor'),
      commandId: field('commandid'),
      at: field('time'),
      ...(typeof causationid === 'string' && { causationId: causationid }),
      ...(typeof correlationid === 'string' && { correlationId: correlationid }),
    },
  };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('the event is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new Error('the event is not a JSON object');
  return value as Record<string, unknown>;
}
