/**
 * Keeps a network informed about a cluster: reports it at every change and now and then, and follows what became of it.
 * A cluster is read from a JSON file here, `{"cluster", "pods", "services", "members": [{"node", "pods"}]}`; in a Kubernetes
 * cluster it would be `spec.podCIDRs` of its nodes.
 *
 * usage: node dist/examples/report-cluster.js NATS_URL CREDENTIALS_FILE SOURCE NETWORK CLUSTER_FILE
 *   TOMBOLO_SOURCE_KEY=FILE signs each report with the key of a source that was made with --signed
 */
import { randomUUID, sign } from 'node:crypto';
import { readFileSync, watchFile } from 'node:fs';
import { pathToFileURL } from 'node:url';
import canonicalize from 'canonicalize';
import { CloudEvent, HTTP } from 'cloudevents';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';

export interface ClusterReport {
  cluster: string;
  pods?: string[];
  services?: string[];
  members?: { node: string; pods?: string[] }[];
}

interface Result {
  id: string | null;
  outcome: 'accepted' | 'rejected' | 'duplicate';
  code?: string;
  detail?: string;
  events?: number[];
}

export interface Reporter {
  report(cluster: ClusterReport): Promise<Result>;
  close(): Promise<void>;
}

/** How long a result may take: commands wait while the control plane's database is away. */
const PATIENCE_MS = 60_000;
const EVERY_MS = 300_000;

export interface ReporterOptions {
  url: string;
  credentials: Uint8Array;
  source: string;
  network: string;
  /** PEM of the key of a source that was made with `--signed`. */
  key?: string | Buffer;
  /** Called with every fact of the network, CloudEvents of type `tombolo.<Fact>`. */
  onFact?: (fact: { type: string; version: number; data: unknown }) => void;
}

export async function connectReporter({
  url,
  credentials,
  source,
  network,
  key,
  onFact,
}: ReporterOptions): Promise<Reporter> {
  const nats = await connect({
    servers: url,
    authenticator: credsAuthenticator(credentials),
    maxReconnectAttempts: -1,
  });
  const waiting = new Map<string, (result: Result) => void>();
  nats.subscribe(`tombolo.ingest-results.${source}`, {
    callback: (_error, message) => {
      const result = message.json<Result>();
      waiting.get(result.id ?? '')?.(result);
    },
  });
  if (onFact) nats.subscribe(`tombolo.events.${network}.>`, { callback: (_error, message) => onFact(message.json()) });

  const report = async (cluster: ClusterReport): Promise<Result> => {
    const command = {
      id: randomUUID(),
      source: `/${source}`,
      type: 'tombolo.cluster.report',
      time: new Date().toISOString(),
      data: { network, ...cluster },
    };
    const event = new CloudEvent({ ...command, ...(key && { tombolosig: signatureOf(command, source, key) }) });
    const result = answerTo(event.id, waiting);
    await store(nats, `tombolo.ingest.${source}`, String(HTTP.structured(event).body));
    return result;
  };
  return { report, close: () => nats.drain() };
}

/** So that whoever has the broker cannot say it for this source (docs/publishers.md, signed commands). */
function signatureOf(command: object, name: string, key: string | Buffer): string {
  const text = `tombolo command 1\n${(canonicalize as unknown as (value: unknown) => string)({ name, ...command })}`;
  return sign(null, Buffer.from(text), key).toString('base64');
}

/** The same event again does no harm: its id is the idempotency key. */
async function store(nats: NatsConnection, subject: string, event: string): Promise<void> {
  const stored = (await nats.request(subject, event, { timeout: 10_000 })).json<{ error?: { description: string } }>();
  if (stored.error) throw new Error(`the broker refuses the report: ${stored.error.description}`);
}

function answerTo(id: string, waiting: Map<string, (result: Result) => void>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.delete(id);
      reject(new Error('no result came; report again'));
    }, PATIENCE_MS);
    waiting.set(id, (result) => {
      clearTimeout(timer);
      waiting.delete(id);
      resolve(result);
    });
  });
}

async function main([url, file, source, network, clusterFile]: string[]): Promise<void> {
  if (!url || !file || !source || !network || !clusterFile)
    throw new Error('usage: report-cluster.js NATS_URL CREDENTIALS_FILE SOURCE NETWORK CLUSTER_FILE');
  const reporter = await connectReporter({
    url,
    credentials: readFileSync(file),
    source,
    network,
    ...(process.env.TOMBOLO_SOURCE_KEY && { key: readFileSync(process.env.TOMBOLO_SOURCE_KEY) }),
    onFact: ({ type, version }) => console.log(`fact ${version}: ${type}`),
  });
  const report = async () => {
    try {
      console.log(
        JSON.stringify(await reporter.report(JSON.parse(readFileSync(clusterFile, 'utf8')) as ClusterReport)),
      );
    } catch (error) {
      console.error((error as Error).message);
    }
  };
  await report();
  watchFile(clusterFile, { interval: 1_000 }, () => void report());
  setInterval(() => void report(), EVERY_MS);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
