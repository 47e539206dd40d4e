import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { EnrolmentToken, EnrolRequest, EnrolResponse } from '#contracts/enrolment.js';
import { isBaseUrl, parseEnrolmentToken } from '#contracts/enrolment-token.js';
import type { Labels } from '#contracts/facts.js';
import { isName } from '#contracts/names.js';
import { AgentFailure, messageOf } from '../failure.js';
import type { Log } from '../log.js';
import { httpCall, type HttpAnswer } from '../server/http-request.js';
import { problemOf } from '../server/problem.js';
import { trustInPin } from '../server/server-trust.js';
import type { BackendChoice } from '../state/backend-choice.js';
import { isFingerprint, writePin } from '../members/members.js';
import { writeOwnSignature } from '../members/own-signature.js';
import { writeDurably } from '../state/files.js';
import { type Identity, writeIdentity } from '../state/identity.js';
import { writeLogin } from '../state/login.js';
import type { StateDir } from '../state/state-dir.js';
import { parseEnrolAnswer } from './enrol-answer.js';
import { chooseListenPort, DEFAULT_PORT } from './listen-port.js';
import { makeNodeKeys } from './node-keys.js';
import { nameFromHost, withSuffix } from './node-name.js';
import { ownEndpoints } from './own-endpoints.js';
import { dropPending, type PendingEnrolment, readPending, writePending } from './pending-enrolment.js';

export interface EnrolOptions {
  token: string;
  /** Overrides the address in the token. */
  server?: string;
  /** Default: this host's name. */
  name?: string;
  interfaceName: string;
  listenPort?: number;
  /** `HOST:PORT` at which the node is reached from anywhere. */
  endpoints: string[];
  site?: string;
  labels: Labels;
  backend: BackendChoice;
  /** Fingerprint of the network's lock, as operators know it; overrides the one in the token. */
  lock?: string;
}

export interface EnrolParts {
  log: Log;
  pause(ms: number): Promise<unknown>;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const NAME_ATTEMPTS = 3;

/**
 * Joins: one request with a token, after which everything that `run` needs is on disk.
 * @throws AgentFailure
 */
export async function enrol(dir: StateDir, options: EnrolOptions, { log, pause }: EnrolParts): Promise<Identity> {
  const token = readToken(options.token);
  const server = new URL(options.server === undefined ? token.url : checkedServer(options.server));
  if (options.name !== undefined && !isName(options.name))
    throw new AgentFailure(
      'usage',
      `--name ${options.name}: 1 to 63 of a to z, 0 to 9 and hyphens, no hyphen at the ends`,
    );
  if (options.lock !== undefined && !isFingerprint(options.lock))
    throw new AgentFailure('usage', `--lock ${options.lock}: give the fingerprint that "tombolo lock status" shows`);
  for (let attempt = 1; ; attempt++) {
    const pending = await prepare(dir, options, token.keyId);
    const answer = await ask({ server, token, pending, log, pause });
    if (answer.status === 200 || answer.status === 201) {
      await pinLock(dir, options.lock ?? token.lock);
      return await keep(dir, { answer, pending, options, server, token });
    }
    // The server said no, and for good: nothing was made there.
    await dropPending(dir);
    const { code, detail } = problemOf(answer);
    if (code === 'name_taken' && options.name === undefined && attempt < NAME_ATTEMPTS) {
      log.info({ taken: pending.request.name }, 'the name is taken, another one is tried');
      await prepareAgain(dir, pending);
      continue;
    }
    const exit = answer.status === 404 ? 'notFound' : 'refused';
    throw new AgentFailure(exit, `${server.origin} refused the enrolment: ${detail}${code ? ` (${code})` : ''}`);
  }
}

function readToken(text: string): EnrolmentToken {
  try {
    return parseEnrolmentToken(text);
  } catch (error) {
    throw new AgentFailure('usage', messageOf(error), { cause: error });
  }
}

function checkedServer(url: string): string {
  if (isBaseUrl(url)) return url;
  throw new AgentFailure('usage', `--server ${url}: write https://HOST:PORT`);
}

/** The request that a crash left, if the wish is still the same; else a new one. On disk when it returns. */
async function prepare(dir: StateDir, options: EnrolOptions, keyId: string): Promise<PendingEnrolment> {
  const { name, interfaceName, listenPort, endpoints, site, labels } = options;
  const wish = JSON.stringify({ name, interfaceName, listenPort, endpoints, site, labels });
  const left = await readPending(dir);
  if (left?.keyId === keyId && left.wish === wish) return left;
  const offered = await ownEndpoints(endpoints, DEFAULT_PORT);
  const isCalled = offered.some(({ kind }) => kind === 'public');
  const port = await chooseListenPort({ asked: listenPort, isCalled });
  const keys = makeNodeKeys();
  const request: EnrolRequest = {
    name: name ?? nameFromHost(hostname()),
    publicKey: keys.tunnel.publicKey,
    controlKey: keys.control.publicKey,
    natsKey: keys.nats.publicKey,
    // What the operator said comes first, and has its own port.
    endpoints: offered.map((each, n) => (n < endpoints.length ? each : { ...each, port })),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(site !== undefined && { site }),
  };
  const pending = { idempotencyKey: randomUUID(), keyId, wish, request, keys, listenPort: port };
  await writePending(dir, pending);
  return pending;
}

/** The same machine under another name, which is another request. */
async function prepareAgain(dir: StateDir, pending: PendingEnrolment): Promise<void> {
  const name = withSuffix(nameFromHost(hostname()), randomBytes(2).toString('hex'));
  const request = { ...pending.request, name };
  await writePending(dir, { ...pending, idempotencyKey: randomUUID(), request });
}

interface Question extends EnrolParts {
  server: URL;
  token: EnrolmentToken;
  pending: PendingEnrolment;
}

/** Asks until there is an answer that will stay the same. @throws AgentFailure `unreachable` */
async function ask({ server, token, pending, log, pause }: Question): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt++) {
    let why: string;
    let pauseMs = FIRST_PAUSE_MS * 2 ** attempt;
    try {
      const answer = await httpCall({
        method: 'POST',
        url: new URL('/api/v1/enroll', server),
        headers: {
          authorization: `Bearer ${token.keyId}.${token.secret}`,
          'idempotency-key': pending.idempotencyKey,
        },
        body: pending.request,
        trust: await trustInPin(server, token.pin),
      });
      // After any other answer it is certain whether the node was made.
      if (answer.status !== 429 && answer.status < 500) return answer;
      why = problemOf(answer).detail;
      pauseMs = (answer.retryAfter ?? 1) * 1000;
    } catch (error) {
      if (error instanceof AgentFailure) throw error;
      why = messageOf(error);
    }
    if (attempt === ATTEMPTS) throw new AgentFailure('unreachable', `no answer from ${server.origin}: ${why}`);
    log.warn({ server: server.origin, why }, 'the server does not answer yet');
    await pause(Math.min(pauseMs, LONGEST_PAUSE_MS));
  }
}

interface Success {
  answer: HttpAnswer;
  pending: PendingEnrolment;
  options: EnrolOptions;
  server: URL;
  token: EnrolmentToken;
}

/** Before the node can be told of any peer. */
async function pinLock(dir: StateDir, fingerprint: string | undefined): Promise<void> {
  if (fingerprint !== undefined) await writePin(dir, { fingerprint, entry: null });
}

/** The identity last: it says that all the rest is there. */
async function keep(dir: StateDir, { answer, pending, options, server, token }: Success): Promise<Identity> {
  const response = parsed(answer);
  const identity: Identity = {
    nodeId: response.nodeId,
    network: response.network,
    name: response.name,
    server: server.origin,
    ca: response.ca,
    controllerKey: response.controllerKey,
    publicKey: pending.keys.tunnel.publicKey,
    controlPrivateKey: pending.keys.control.privateKey,
    natsSeed: pending.keys.nats.seed,
    interfaceName: options.interfaceName,
    listenPort: pending.listenPort,
    backend: options.backend,
  };
  await writeDurably(dir.file('privateKey'), `${pending.keys.tunnel.privateKey}\n`);
  await writeLogin(dir, response.nats);
  if (token.signing) {
    const { nodeId: memberId, addresses } = response;
    await writeOwnSignature(dir, token.signing, { memberId, publicKey: identity.publicKey, addresses });
  }
  await writeIdentity(dir, identity);
  await dropPending(dir);
  return identity;
}

function parsed(answer: HttpAnswer): EnrolResponse {
  try {
    return parseEnrolAnswer(answer.text);
  } catch (error) {
    throw new AgentFailure('failed', `${messageOf(error)}: agent and server may be of different versions`, {
      cause: error,
    });
  }
}
