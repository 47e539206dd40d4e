/** JSON Schemas (draft 7) of what travels over NATS; contracts/reports.ts, contracts/node-stream.ts and the facts say the same in types. */

export type Schema = Record<string, unknown>;

const whole: Schema = { type: 'integer', minimum: 0 };
const text: Schema = { type: 'string' };
const id: Schema = { type: 'string', format: 'uuid' };
const time: Schema = { type: 'string', format: 'date-time' };
const digest: Schema = { type: 'string', pattern: '^[0-9a-f]{32}$', description: 'Set hash of the resources, hex' };

/** Every field of a closed object but those named is required. */
export const object = (properties: Record<string, Schema>, optional: string[] = []): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});

const position = {
  epoch: { ...whole, description: 'Rises with every change of the publishing replica' },
  revision: { ...whole, description: 'Counts 1, 2, 3… per node' },
};
const logVersion = { ...whole, description: "The version of the network's log that the set follows from" };

/** A fact as CloudEvents 1.0 (structured JSON). @param types of facts, without prefix */
export const factEvent = (types: readonly string[]): Schema =>
  object(
    {
      specversion: { const: '1.0' },
      id: { type: 'string', description: '`<stream>:<version>`' },
      source: { type: 'string', description: '`/tombolo/networks/<id>` or `/tombolo/system`' },
      type: { enum: types.map((type) => `tombolo.${type}`), description: 'What happened; docs/events.md' },
      subject: { type: 'string', description: 'Name of the network, or `system`' },
      time: { ...time, description: 'When it was decided' },
      datacontenttype: { const: 'application/json' },
      version: { type: 'integer', minimum: 1, description: 'Log version: counts 1, 2, 3… per network, without gaps' },
      stream: { type: 'string', description: "The network's id, or `system`" },
      hash: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'Link of the hash chain' },
      recordedat: time,
      actor: {
        type: 'string',
        description: 'Who wanted it: `token/<name>`, `node/<id>`, `key/<id>`, `service/<name>`, `source/<name>`',
      },
      commandid: { type: 'string', description: 'The command that made it' },
      causationid: text,
      correlationid: text,
      data: { type: 'object', description: 'By type; docs/events.md' },
    },
    ['causationid', 'correlationid'],
  );

export const stateHeaders = (kind: 'f' | 'd'): Schema => ({
  type: 'object',
  required: ['Tombolo-Head'],
  properties: {
    'Tombolo-Head': {
      type: 'string',
      pattern: `^${kind}\\.\\d{1,15}\\.\\d{1,15}\\.\\d{1,15}\\.[0-9a-f]{32}$`,
      description: '`<f|d>.<epoch>.<revision>.<logVersion>.<digest>`; authenticated with the payload',
    },
  },
});

export const sealedState: Schema = {
  type: 'string',
  contentEncoding: 'binary',
  description: '12 bytes of nonce, AES-256-GCM ciphertext and tag of the JSON that docs/nats.md describes',
};

/** By kind, the last part of the subject. */
export const reportSchemas = {
  applied: object(
    {
      ...position,
      digest,
      logVersion,
      tookMs: { type: 'number', minimum: 0, description: 'From receipt to read-back' },
    },
    ['logVersion'],
  ),
  rejected: object({
    ...position,
    held: { ...whole, description: 'Revision that is still held' },
    errors: { type: 'array', items: object({ resource: text, message: text }) },
  }),
  heartbeat: object(
    {
      ...position,
      digest,
      logVersion,
      agentVersion: text,
      backend: { enum: ['kernel', 'userspace', 'none'] },
      peers: whole,
      repairs: { ...whole, description: 'Drift repaired since the agent started' },
    },
    ['logVersion'],
  ),
  resync: object({ ...position, reason: { enum: ['no_state', 'gap', 'digest_mismatch', 'unreadable'] } }),
  probe: object({
    gateways: {
      type: 'array',
      items: object({ gatewayId: id, ok: { type: 'boolean' }, detail: { type: 'string', maxLength: 256 } }),
    },
    handshakeAge: { type: ['number', 'null'], minimum: 0, description: 'Seconds; null: none yet' },
  }),
  observed: object(
    {
      run: { type: 'string', maxLength: 64, description: 'The same as long as the agent runs' },
      endpoints: {
        type: 'array',
        items: object({ address: { type: 'string' }, port: { type: 'integer' }, kind: { enum: ['public', 'lan'] } }),
      },
      peers: {
        type: 'array',
        items: object(
          {
            nodeId: id,
            endpoint: { type: ['string', 'null'], description: 'Where it is seen; null: nowhere yet' },
            link: { enum: ['up', 'unanswered'] },
            rtt: { type: ['number', 'null'], minimum: 0, description: 'Milliseconds; null: not measured' },
            handshakeAge: {
              type: ['integer', 'null'],
              minimum: 0,
              description: 'Seconds since its newest handshake; null: there was none',
            },
          },
          ['handshakeAge'],
        ),
      },
      forwarded: { type: 'array', items: { type: 'array', items: id, minItems: 2, maxItems: 2 } },
    },
    ['run'],
  ),
} as const satisfies Record<string, Schema>;
