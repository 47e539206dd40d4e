import { COMMAND_SIGNATURE, SOURCE_TYPE_PREFIX, type SourceCommand } from '#contracts/sources.js';
import { MOST_REPORTED_MEMBERS } from '../ingest/command-data.dto.js';
import { object, type Schema } from './message-schemas.js';

/** What sources send and hear, as JSON Schema; docs/publishers.md tells what it means. */

const text: Schema = { type: 'string' };
const labels: Schema = { type: 'object', additionalProperties: text };
const ranges: Schema = { type: 'array', items: text };
const network: Schema = { ...text, description: 'Name or id of the network' };
const node: Schema = { ...text, description: 'Name or id of the node' };

const DATA: Record<SourceCommand, Schema> = {
  'node.offer': object(
    {
      network,
      secretHash: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the secret, hex' },
      labels,
      site: { type: ['string', 'null'] },
      expiresIn: { type: 'integer', minimum: 60, description: 'Seconds' },
      ephemeralTtl: { type: 'integer', minimum: 60, description: 'Seconds' },
    },
    ['labels', 'site', 'expiresIn', 'ephemeralTtl'],
  ),
  'node.labels': object({ network, node, labels }),
  'node.disable': object({ network, node }),
  'node.enable': object({ network, node }),
  'node.retire': object({ network, node }),
  'cluster.report': object(
    {
      network,
      cluster: { ...text, description: 'Name of the cluster' },
      pods: ranges,
      services: ranges,
      model: { enum: ['flat', 'isolated', 'island', 'archipelago'] },
      members: { type: 'array', maxItems: MOST_REPORTED_MEMBERS, items: object({ node, pods: ranges }, ['pods']) },
    },
    ['pods', 'services', 'model', 'members'],
  ),
};

const command = (type: SourceCommand): Schema => ({
  type: 'object',
  required: ['specversion', 'id', 'source', 'type', 'data'],
  properties: {
    specversion: { const: '1.0' },
    id: { type: 'string', minLength: 1, maxLength: 255, description: 'The idempotency key of the source' },
    source: { type: 'string', minLength: 1 },
    type: { const: SOURCE_TYPE_PREFIX + type },
    time: { type: 'string', format: 'date-time' },
    [COMMAND_SIGNATURE]: {
      type: 'string',
      pattern: '^[A-Za-z0-9+/]{86}==$',
      description:
        'Of a source that has a key: its Ed25519 signature, base64, over "tombolo command 1", a line feed and the canonical JSON (RFC 8785) of {name, id, source, type, time, data}, where name is that of the source; time is then needed, at most an hour ago',
    },
    datacontenttype: { type: 'string', pattern: '^application/json\\b' },
    data: DATA[type],
  },
});

const result: Schema = {
  ...object(
    {
      id: { type: ['string', 'null'], description: 'Of the command; null where it could not be read' },
      outcome: { enum: ['accepted', 'rejected', 'duplicate'] },
      code: { ...text, description: 'Why it was rejected, for programs' },
      detail: { ...text, description: 'For people' },
      events: { type: 'array', items: { type: 'integer', minimum: 1 }, description: 'Versions of the facts it made' },
      answer: {
        type: 'object',
        description: 'Of an offer {keyId, expiresAt, url, pin}, of a report {clusterId, unknownNodes}',
      },
    },
    ['code', 'detail', 'events', 'answer'],
  ),
  if: { properties: { outcome: { const: 'rejected' } } },
  then: { required: ['code', 'detail'] },
  else: { required: ['events'] },
};

export const INGEST = 'Commands of a source, each answered; done in order, once per id.';
export const RESULT = 'What became of each command.';

export const sourceMessages = {
  command: {
    title: 'A command',
    contentType: 'application/cloudevents+json',
    payload: { oneOf: (Object.keys(DATA) as SourceCommand[]).map(command) },
  },
  result: { title: 'A result', payload: result },
};
