import { expect, test } from '@jest/globals';
import { CloudEvent } from 'cloudevents';
import type { RecordedFact } from '#contracts/facts.js';
import { fromCloudEvent, toCloudEvent } from './fact-cloud-event.js';

const fact: RecordedFact = {
  type: 'NodeDisabled',
  data: { nodeId: 'n1' },
  stream: '0190a5b4-0000-7000-8000-000000000001',
  version: 7,
  hash: 'ab'.repeat(32),
  recordedAt: '2026-11-21T05:00:00.123Z',
  metadata: { actor: 'token/admin', commandId: 'c1', at: '2026-11-21T05:00:00Z' },
};

test.each<[string, RecordedFact]>([
  ['as it is', fact],
  ['with what caused it', { ...fact, metadata: { ...fact.metadata, causationId: 'x', correlationId: 'y' } }],
  ['of the stream system', { ...fact, stream: 'system' }],
])('a fact survives the way through a CloudEvent to the letter: %s', (_, original) => {
  expect(fromCloudEvent(toCloudEvent(original, 'demo'))).toEqual(original);
});

test('it is what the CloudEvents SDK takes for an event', () => {
  const event = new CloudEvent(JSON.parse(toCloudEvent(fact, 'demo')) as Partial<CloudEvent<unknown>>);
  expect(event.validate()).toBe(true);
  expect(event).toMatchObject({
    id: `${fact.stream}:7`,
    source: `/tombolo/networks/${fact.stream}`,
    type: 'tombolo.NodeDisabled',
    subject: 'demo',
    version: 7,
  });
});

const event = JSON.parse(toCloudEvent(fact, 'demo')) as Record<string, unknown>;

test.each<[string, string, string]>([
  ['no JSON', '{"id":', 'not JSON'],
  ['no object', 'null', 'not a JSON object'],
  ['another specification', JSON.stringify({ ...event, specversion: '0.3' }), 'CloudEvents 1.0'],
  ['another type', JSON.stringify({ ...event, type: 'com.example.thing' }), 'not one of ours'],
  ['a version that is a text', JSON.stringify({ ...event, version: '7' }), 'version'],
  ['version 0', JSON.stringify({ ...event, version: 0 }), 'version'],
  ['no stream', JSON.stringify({ ...event, stream: undefined }), 'stream'],
  ['no data', JSON.stringify({ ...event, data: undefined }), 'data'],
])('refuses %s, and says why', (_, text, reason) => {
  expect(() => fromCloudEvent(text)).toThrow(reason);
});
