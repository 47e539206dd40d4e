import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  ingestResultSubject,
  ingestSubject,
  LIVE_PREFIX,
  NODES_PREFIX,
  REPORTS_PREFIX,
  type ReportKind,
  RING,
  STREAMS,
} from '#contracts/subjects.js';
import { FACT_TYPES } from './fact-types.js';
import { INGEST, RESULT, sourceMessages } from './source-messages.js';
import { factEvent, reportSchemas, sealedState, stateHeaders } from './message-schemas.js';

const node = { node: { description: 'Id of the node' } };
const source = { source: { description: 'Name of the source' } };
const slot = { description: `Revision modulo ${RING}` };

const message = (name: string) => ({ $ref: `#/components/messages/${name}` });
const channel = (name: string) => ({ $ref: `#/channels/${name}` });
const one = (name: string) => ({ [name]: message(name) });

const STATE = 'Desired state of a node, sealed for it; one message per subject, the newest stays.';
const LIVE = 'The same, told before it is stored.';
const REPORTS: Record<ReportKind, string> = {
  applied: 'The agent holds a revision: applied and read back.',
  rejected: 'The agent does not take a revision; the last good one stays.',
  heartbeat: 'A sign of life, at connect and about every 30 s.',
  resync: 'The agent cannot follow from what the stream holds and wants a full.',
  probe: 'A member of gateways tells, twice a second, whether the ranges behind it answer.',
  observed: 'What is new of the links to other nodes: endpoints, answers, round-trip times.',
};

/** Subjects and messages of the NATS interface (docs/nats.md), as AsyncAPI 3. The application is the control plane. */
export function asyncApiDocument() {
  const reports = Object.keys(REPORTS) as ReportKind[];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tombolo',
      version: '1',
      description:
        'What the control plane tells over NATS, and what it hears. Commands between its own services, checkpoints and parked messages are not part of the interface.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      broker: {
        host: '{host}',
        protocol: 'nats',
        description:
          'Services are in the account CTL, agents in AGENTS, each source in one of its own. TLS on any address but loopback.',
        variables: { host: { default: '127.0.0.1:4222', description: 'Address and port that `up` prints' } },
      },
    },
    channels: {
      facts: {
        address: 'tombolo.events.{network}.{type}',
        description: `Facts of the log, in version order per network; stream ${STREAMS.events}.`,
        parameters: {
          network: { description: 'Name of the network, or `system`' },
          type: { enum: Object.keys(FACT_TYPES) },
        },
        messages: one('fact'),
      },
      stateFull: {
        address: `${NODES_PREFIX}.{node}.full`,
        description: `${STATE} Stream ${STREAMS.nodes}.`,
        parameters: node,
        messages: one('full'),
      },
      stateDelta: {
        address: `${NODES_PREFIX}.{node}.delta.{slot}`,
        description: `${STATE} Stream ${STREAMS.nodes}.`,
        parameters: { ...node, slot },
        messages: one('delta'),
      },
      liveFull: { address: `${LIVE_PREFIX}.{node}.full`, description: LIVE, parameters: node, messages: one('full') },
      liveDelta: {
        address: `${LIVE_PREFIX}.{node}.delta.{slot}`,
        description: LIVE,
        parameters: { ...node, slot },
        messages: one('delta'),
      },
      ...Object.fromEntries(
        reports.map((kind) => [
          kind,
          {
            address: `${REPORTS_PREFIX}.{node}.${kind}`,
            description: REPORTS[kind],
            parameters: node,
            messages: one(kind),
          },
        ]),
      ),
      ingest: { address: ingestSubject('{source}'), description: INGEST, parameters: source, messages: one('command') },
      ingestResults: {
        address: ingestResultSubject('{source}'),
        description: RESULT,
        parameters: source,
        messages: one('result'),
      },
    },
    operations: {
      ...Object.fromEntries(
        ['facts', 'stateFull', 'stateDelta', 'liveFull', 'liveDelta', 'ingestResults'].map((name) => [
          `send_${name}`,
          { action: 'send', channel: channel(name) },
        ]),
      ),
      ...Object.fromEntries(
        reports.map((kind) => [
          `receive_${kind}`,
          { action: 'receive', channel: channel(kind), summary: REPORTS[kind] },
        ]),
      ),
      receive_ingest: { action: 'receive', channel: channel('ingest'), summary: INGEST },
    },
    components: {
      messages: {
        ...sourceMessages,
        fact: {
          title: 'A fact',
          contentType: 'application/cloudevents+json',
          payload: factEvent(Object.keys(FACT_TYPES)),
        },
        full: {
          title: 'A whole set',
          contentType: 'application/octet-stream',
          headers: stateHeaders('f'),
          payload: sealedState,
        },
        delta: {
          title: 'What changed since the revision before',
          contentType: 'application/octet-stream',
          headers: stateHeaders('d'),
          payload: sealedState,
        },
        ...Object.fromEntries(reports.map((kind) => [kind, { title: REPORTS[kind], payload: reportSchemas[kind] }])),
      },
    },
  };
}

/** Serves `/api/asyncapi.json`. */
export function serveAsyncApi(app: NestFastifyApplication): void {
  const document = JSON.stringify(asyncApiDocument());
  app
    .getHttpAdapter()
    .get('/api/asyncapi.json', (_request: FastifyRequest, reply: FastifyReply) =>
      reply.type('application/json').send(document),
    );
}
