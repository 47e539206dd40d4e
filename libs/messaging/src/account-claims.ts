import { newScopedSigner, type Account } from '@nats-io/jwt';
import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import {
  ingestResultSubject,
  ingestSubject,
  LIVE_PREFIX,
  NODES_PREFIX,
  REPORTS_PREFIX,
  STREAMS,
} from '#contracts/subjects.js';

/** Limits of an account: absent would mean none allowed. */
export const UNLIMITED = {
  subs: -1,
  data: -1,
  payload: -1,
  conn: -1,
  leaf: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
} as const;

const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 } as const;

/** The part of the JetStream API that reads one stored message of a node, as agents may call it. */
export const DIRECT_GET = `DIRECT.GET.${STREAMS.nodes}`;
/** Prefix under which agents reach it: their account maps it to the control account's `$JS.API`. */
export const AGENT_API_PREFIX = 'CTLJS';

/** Claims of the account CTL: it owns the streams and lets out what agents and sources import. */
export function controlAccountClaims(signingKey: string): Partial<Account> {
  return marked({
    limits: { ...UNLIMITED, ...JETSTREAM },
    signing_keys: [signingKey],
    exports: [
      { name: 'live', subject: `${LIVE_PREFIX}.>`, type: 'stream' },
      {
        name: 'stored',
        subject: `$JS.API.${DIRECT_GET}.${NODES_PREFIX}.>`,
        type: 'service',
        response_type: 'Singleton',
      },
      { name: 'reports', subject: `${REPORTS_PREFIX}.>`, type: 'service' },
      { name: 'facts', subject: factSubjects('>'), type: 'stream' },
      { name: 'ingest', subject: ingestSubject('>'), type: 'service', response_type: 'Singleton' },
      { name: 'ingest results', subject: ingestResultSubject('>'), type: 'stream' },
    ],
  });
}

const factSubjects = (rest: string) => `tombolo.events.${rest}`;

/** Largest command of a source: a report of a cluster of a thousand nodes. The broker refuses a larger one. */
export const MOST_INGEST_BYTES = 262_144;
const MOST_SOURCE_CONNECTIONS = 8;
/** After every login there will ever be: 2100. */
const FOR_EVER = 4_102_444_800;

export interface SourceAccess {
  name: string;
  /** Names of the networks whose facts it may hear. */
  networks: string[];
  revoked: boolean;
}

/**
 * Claims of the account of one source: it reaches its own subjects and the facts of its networks, and nobody else is in
 * there. An account each, because inside one the broker can be made to answer onto a subject that another one hears.
 */
export function sourceAccountClaims(controlAccount: string, { name, networks, revoked }: SourceAccess) {
  const from = { account: controlAccount };
  const limits = {
    ...UNLIMITED,
    subs: 64,
    payload: MOST_INGEST_BYTES,
    conn: MOST_SOURCE_CONNECTIONS,
    leaf: 0,
    exports: 0,
  };
  if (revoked) return marked({ limits: { ...limits, conn: 0 }, revocations: { '*': FOR_EVER } });
  return marked({
    limits,
    imports: [
      { name: 'ingest', subject: ingestSubject(name), type: 'service', ...from },
      { name: 'ingest results', subject: ingestResultSubject(name), type: 'stream', ...from },
      ...[...networks].sort().map((network) => ({
        name: `facts of ${network}`,
        subject: factSubjects(`${network}.>`),
        type: 'stream' as const,
        ...from,
      })),
    ],
  });
}

/** What a source's login may do inside its account. */
export const sourceRights = (name: string) => ({
  pub: { allow: [ingestSubject(name)] },
  sub: { allow: [ingestResultSubject(name), factSubjects('>'), '_INBOX.>'] },
  allowed_connection_types: ['STANDARD' as const, 'WEBSOCKET' as const],
});

/** Claims that carry a mark of their own content, so that what a broker holds can be compared with what it should. */
function marked(claims: Partial<Account>): Partial<Account> & { tags: string[] } {
  return { ...claims, tags: [`tombolo:${sha256Hex(canonicalJson(claims))}`] };
}

/** The scope that a node's login is made in. `{{name()}}` is the login's name, which is the node's id. */
const NODE_SCOPE = {
  pub: {
    allow: [`${AGENT_API_PREFIX}.${DIRECT_GET}.${NODES_PREFIX}.{{name()}}.>`, `${REPORTS_PREFIX}.{{name()}}.>`],
  },
  sub: { allow: [`${LIVE_PREFIX}.{{name()}}.>`, '_INBOX.{{name()}}.>'] },
  subs: 32,
  payload: 65_536,
  data: -1,
  allowed_connection_types: ['STANDARD' as const, 'WEBSOCKET' as const],
};

/**
 * Claims of the account AGENTS: no streams of its own, only the imports that a node's scope then narrows to its own
 * subjects. Two accounts, because inside one the broker itself can be made to answer onto another node's stored subject.
 * @param revocations user key → seconds since 1970; logins issued up to then are worthless
 */
export function agentsAccountClaims(
  scopedSigner: string,
  controlAccount: string,
  revocations: Record<string, number>,
): Partial<Account> {
  const stored = `${DIRECT_GET}.${NODES_PREFIX}.>`;
  const from = { account: controlAccount };
  return {
    limits: UNLIMITED,
    signing_keys: [newScopedSigner(scopedSigner, 'node', NODE_SCOPE)],
    imports: [
      { name: 'live', subject: `${LIVE_PREFIX}.>`, type: 'stream', ...from },
      {
        name: 'stored',
        subject: `$JS.API.${stored}`,
        local_subject: `${AGENT_API_PREFIX}.${stored}`,
        type: 'service',
        ...from,
      },
      { name: 'reports', subject: `${REPORTS_PREFIX}.>`, type: 'service', ...from },
    ],
    revocations,
  };
}
