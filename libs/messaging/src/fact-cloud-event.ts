import { CloudEvent } from 'cloudevents';
import type { AnyFact, RecordedFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';

const TYPE_PREFIX = 'tombolo.';

/** A fact as CloudEvents 1.0, structured JSON. Extensions carry what a consumer needs to hold the whole fact again. */
export function toCloudEvent(fact: RecordedFact, network: string): string {
  const { actor, commandId, causationId, correlationId, at } = fact.metadata;
  return JSON.stringify(
    new CloudEvent({
      id: `${fact.stream}:${fact.version}`,
      source: fact.stream === SYSTEM_STREAM ? '/tombolo/system' : `/tombolo/networks/${fact.stream}`,
      type: TYPE_PREFIX + fact.type,
      subject: network,
      time: at,
      datacontenttype: 'application/json',
      data: fact.data,
      version: fact.version,
      stream: fact.stream,
      hash: fact.hash,
      recordedat: fact.recordedAt,
      actor,
      commandid: commandId,
      ...(causationId !== undefined && { causationid: causationId }),
      ...(correlationId !== undefined && { correlationid: correlationId }),
    }),
  );
}

/** @throws Error that names what is wrong with the text */
export function fromCloudEvent(text: string): RecordedFact {
  const event = JSON.parse(text) as Record<string, unknown>;
  const field = (name: string): string => {
    const value = event[name];
    if (typeof value !== 'string') throw new Error(`the event has no text in ${name}`);
    return value;
  };
  const { version, data } = event;
  if (!Number.isInteger(version) || (version as number) < 1)
    throw new Error('the event has no whole number in version');
  if (typeof data !== 'object' || data === null) throw new Error('the event has no object in data');
  if (!field('type').startsWith(TYPE_PREFIX)) throw new Error('the event is not one of ours');
  const { causationid, correlationid } = event;
  const fact = { type: field('type').slice(TYPE_PREFIX.length), data } as AnyFact;
  return {
    ...fact,
    stream: field('stream'),
    version: version as number,
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
