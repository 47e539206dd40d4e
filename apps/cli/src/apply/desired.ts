import { parse } from 'yaml';
import { meshSocket, probeTarget, socket } from '../arguments.js';
import { choice, fields, flag, list, named, orNull, parsed, type Reader, text, wholeNumber, wrong } from './reader.js';

const MODEL = choice('flat', 'isolated', 'island', 'archipelago');
const texts = list(text);

const network = fields(
  {
    name: text,
    cidr: orNull(text),
    cidr6: orNull(text),
    model: MODEL,
    mtu: wholeNumber,
    keepalive: wholeNumber,
    defaultPolicy: choice('allow', 'deny'),
    virtualPool: orNull(text),
    virtualPool6: orNull(text),
  },
  'name',
);
const labels: Reader<Record<string, string>> = (value, at) => Object.fromEntries(named(text)(value, at));
const node = fields({ labels, site: orNull(text), enabled: flag });
const cluster = fields({ pods: texts, services: texts, model: MODEL, members: named(orNull(texts)) });
const link = fields({ clusters: texts, onOverlap: choice('assign', 'refuse') }, 'clusters');
const gateway = fields(
  {
    kind: choice('egress', 'ingress', 'internet', 'cluster'),
    nodes: texts,
    ranges: texts,
    masquerade: flag,
    probe: orNull(parsed(probeTarget)),
    cluster: text,
    users: fields({ nodes: texts, clients: texts }),
  },
  'kind',
  'nodes',
);
const publication = fields(
  { cluster: text, protocol: choice('tcp', 'udp'), service: parsed(socket), as: parsed(meshSocket) },
  'cluster',
  'service',
  'as',
);

const pair: Reader<ReturnType<typeof link>> = (value, at) => {
  const read = Array.isArray(value) ? { clusters: texts(value, at) } : link(value, at);
  if (read.clusters.length !== 2) throw wrong(at, 'must name two clusters');
  return read;
};

const file = fields(
  {
    network: (value: unknown, at: string) => (typeof value === 'string' ? { name: value } : network(value, at)),
    nodes: named(node),
    clusters: named(cluster),
    links: list(pair),
    gateways: named(gateway),
    publications: list(publication),
  },
  'network',
);

/** What a file says a network shall be. What it leaves out is as it is. */
export type Desired = ReturnType<typeof file> & { network: ReturnType<typeof network> };
export type DesiredNode = ReturnType<typeof node>;
export type DesiredCluster = ReturnType<typeof cluster>;
export type DesiredGateway = ReturnType<typeof gateway>;
export type DesiredPublication = ReturnType<typeof publication>;

/** @param content YAML or JSON @throws CommandFailed that names the place of what is wrong */
export function readDesired(content: string): Desired {
  let value: unknown;
  try {
    value = parse(content);
  } catch (error) {
    throw wrong('not YAML', (error as Error).message);
  }
  return file(value, '');
}
