#!/usr/bin/env node
/**
 * Sends the CloudEvents on standard input, one JSON text per line, as a source, and prints the result of each.
 * usage: publish.mjs NATS_URL CREDENTIALS_FILE SOURCE < events.jsonl   (NODE_EXTRA_CA_CERTS names an authority of its own)
 * With TOMBOLO_SOURCE_KEY=FILE, the key of a source that was made with --signed, it signs each with the time of now.
 * It ends with 0 when all were accepted or done before, else with 1.
 */
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import canonicalize from 'canonicalize';
import { connect, credsAuthenticator } from '@nats-io/transport-node';

const [url, credentialsFile, source] = process.argv.slice(2);
if (!source) {
  console.error('usage: publish.mjs NATS_URL CREDENTIALS_FILE SOURCE < events.jsonl');
  process.exit(2);
}
const { TOMBOLO_SOURCE_KEY: keyFile } = process.env;
const key = keyFile && createPrivateKey(readFileSync(keyFile));
const events = readFileSync(0, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => (key ? signed(JSON.parse(line)) : line));
const nats = await connect({ servers: url, authenticator: credsAuthenticator(readFileSync(credentialsFile)) });
const results = nats.subscribe(`tombolo.ingest-results.${source}`);
let left = events.length;
let bad = 0;

for (const event of events) {
  // As a request, so that the broker says whether it has stored it.
  const stored = (await nats.request(`tombolo.ingest.${source}`, event, { timeout: 10_000 })).json();
  if (!stored.error) continue;
  console.error(`the broker refuses an event: ${stored.error.description}`);
  bad++;
  left--;
}
if (left > 0)
  for await (const message of results) {
    const result = message.json();
    console.log(JSON.stringify(result));
    if (result.outcome === 'rejected') bad++;
    if (--left === 0) break;
  }
await nats.drain();
process.exitCode = bad > 0 ? 1 : 0;

function signed(event) {
  const { id, source: from, type, data } = event;
  const time = new Date().toISOString();
  const text = `tombolo command 1\n${canonicalize({ name: source, id, source: from, type, time, data })}`;
  return JSON.stringify({ ...event, time, tombolosig: sign(null, Buffer.from(text), key).toString('base64') });
}
