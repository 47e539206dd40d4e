/**
 * `stored-joins.js DATA_DIR NETWORK`: names in the NodeEnrolled facts that JetStream holds, one per line. Runs on the
 * control plane's host, with its login.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSubject, STREAMS } from '#contracts/subjects.js';
import { connectService } from '#messaging/connection.js';
import { fromCloudEvent } from '#messaging/fact-cloud-event.js';
import { readSecrets } from '#service/secrets.js';

const [dataDirectory = '', network = ''] = process.argv.slice(2);
const ready = JSON.parse(readFileSync(join(dataDirectory, 'ready.json'), 'utf8')) as { nats: string; caFile: string };
const connection = await connectService({
  urls: [ready.nats],
  ca: readFileSync(ready.caFile, 'utf8'),
  creds: readSecrets(join(dataDirectory, 'keys')).trust.serviceCredentials,
  name: 'lab',
});
const { streams } = await connection.manager();
const { state } = await streams.info(STREAMS.events);
for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
  const stored = await streams.getMessage(STREAMS.events, { seq });
  if (stored?.subject !== eventSubject(network, 'NodeEnrolled')) continue;
  const fact = fromCloudEvent(stored.string());
  if (fact.type === 'NodeEnrolled') console.log(fact.data.name);
}
await connection.close();
