import { type NodeProof, proofText } from '#contracts/enrolment.js';
import { signText } from '#messaging/nkeys.js';
import { AgentFailure, messageOf } from '../failure.js';
import type { Identity } from '../state/identity.js';
import { httpCall, type HttpAnswer } from './http-request.js';
import { trustIn } from './server-trust.js';

/** What the node wants; `publicKey` for rotate-key, `signed` for membership only. */
export type NodeRequest = Pick<NodeProof, 'action' | 'publicKey' | 'signed'>;

const ROUTES = {
  refresh: ['POST', '/credentials'],
  'rotate-key': ['POST', '/public-key'],
  membership: ['POST', '/membership'],
  leave: ['DELETE', ''],
} as const;

/** What a server says when a proof's time is off. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * A request that the node proves with its NATS key. Should this machine's clock be wrong, it is made once more with the
 * time that the server told.
 * @returns any answer of the server @throws AgentFailure `unreachable`
 */
export async function nodeRequest(identity: Identity, request: NodeRequest): Promise<HttpAnswer> {
  const answer = await send(identity, request, Date.now());
  const refused = answer.status === 401 || answer.status === 403;
  const isClockOff = answer.date !== undefined && Math.abs(answer.date - Date.now()) > CLOCK_TOLERANCE_MS;
  return refused && isClockOff ? send(identity, request, answer.date ?? 0) : answer;
}

async function send(identity: Identity, request: NodeRequest, time: number): Promise<HttpAnswer> {
  const said = { ...request, at: new Date(time).toISOString() };
  const proof: NodeProof = { ...said, signature: signText(identity.natsSeed, proofText(said, identity.nodeId)) };
  const [method, path] = ROUTES[request.action];
  try {
    return await httpCall({
      method,
      url: new URL(`/api/v1/nodes/${identity.nodeId}${path}`, identity.server),
      headers: {},
      body: proof,
      trust: trustIn(identity.ca),
    });
  } catch (error) {
    throw new AgentFailure('unreachable', `no answer from ${identity.server}: ${messageOf(error)}`, { cause: error });
  }
}
