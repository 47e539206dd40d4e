/**
 * `publish-set.js DATA_DIR FILE`: seals a set for a node and puts it into the node's stream, as the planner does. FILE is JSON:
 * `{nodeId, controlKey, epoch, revision, logVersion, resources}`. Runs on the control plane's host, with its login and its
 * sealing key: whoever holds these can do so.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, formatDigest, type Resource } from '#contracts/node-stream.js';
import { connectService } from '#messaging/connection.js';
import { NodeStreamWriter } from '#messaging/node-stream.js';
import { readSecrets } from '#service/secrets.js';

interface Wanted {
  nodeId: string;
  controlKey: string;
  epoch: number;
  revision: number;
  logVersion: number;
  resources: Resource[];
}

const [dataDirectory = '', file = ''] = process.argv.slice(2);
const ready = JSON.parse(readFileSync(join(dataDirectory, 'ready.json'), 'utf8')) as { nats: string; caFile: string };
const { trust } = readSecrets(join(dataDirectory, 'keys'));
const connection = await connectService({
  urls: [ready.nats],
  ca: readFileSync(ready.caFile, 'utf8'),
  creds: trust.serviceCredentials,
  name: 'lab',
});
const { nodeId, controlKey, resources, ...at } = JSON.parse(readFileSync(file, 'utf8')) as Wanted;
await new NodeStreamWriter(connection, trust.sealing.privateKey).publish({
  nodeId,
  controlKey,
  head: { kind: 'full', ...at, digest: formatDigest(digestOf(resources)) },
  body: Buffer.from(JSON.stringify({ resources })),
  isCurrent: () => true,
});
await connection.close();
