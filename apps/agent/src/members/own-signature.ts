import { rm } from 'node:fs/promises';
import { readDelegation } from '#contracts/delegation.js';
import { isSignature, signerOf } from '#contracts/ed25519.js';
import type { EnrolmentToken, NodeProof } from '#contracts/enrolment.js';
import type { MemberRecord } from '#contracts/membership-lock.js';
import { signOwnMembership } from '#contracts/sign-membership.js';
import { messageOf } from '../failure.js';
import type { Log } from '../log.js';
import type { HttpAnswer } from '../server/http-request.js';
import { problemOf } from '../server/problem.js';
import { readIfThere, writeDurably } from '../state/files.js';
import type { StateDir } from '../state/state-dir.js';

export type OwnSignature = NonNullable<NodeProof['signed']>;

/** Signs this node's own record with the key in its token. The key itself is kept nowhere. */
export async function writeOwnSignature(
  dir: StateDir,
  { seed, delegation }: NonNullable<EnrolmentToken['signing']>,
  record: Omit<MemberRecord, 'networkId' | 'mayCarry'>,
): Promise<void> {
  const signed = signOwnMembership(record, delegation, signerOf(Buffer.from(seed, 'base64url')));
  await writeDurably(dir.file('ownSignature'), `${JSON.stringify(signed, null, 2)}\n`);
}

/** @returns undefined when there is none to hand in, or none that is whole: an operator can sign then */
export async function readOwnSignature(dir: StateDir): Promise<OwnSignature | undefined> {
  const text = await readIfThere(dir.file('ownSignature'));
  if (text === undefined) return undefined;
  try {
    const { signature, delegation: written } = Object(JSON.parse(text)) as Record<string, unknown>;
    const delegation = readDelegation(written);
    return delegation && isSignature(signature) ? { by: delegation.publicKey, signature, delegation } : undefined;
  } catch {
    return undefined;
  }
}

export interface OwnSignatureParts {
  dir: StateDir;
  /** Hands it in. @throws AgentFailure `unreachable` */
  handIn(signed: OwnSignature): Promise<HttpAnswer>;
  log: Log;
  /** Resolves when it is time to try again, or at once when the agent ends. */
  pause(ms: number): Promise<unknown>;
  signal: AbortSignal;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/** Hands in what this node signed of itself when it joined, until the server has an answer. */
export async function handInOwnSignature({ dir, handIn, log, pause, signal }: OwnSignatureParts): Promise<void> {
  const signed = await readOwnSignature(dir);
  for (let failures = 0; signed && !signal.aborted; failures++) {
    try {
      const answer = await handIn(signed);
      const { detail } = problemOf(answer);
      if (answer.status >= 500 || answer.status === 429) throw new Error(detail);
      if (answer.status < 300) log.info({}, 'this node signed its own membership');
      else log.warn({ status: answer.status, why: detail }, 'an operator has to sign this node');
      return await rm(dir.file('ownSignature'), { force: true });
    } catch (error) {
      log.warn({ why: messageOf(error) }, 'what this node signed could not be handed in, it is tried again');
      await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
    }
  }
}
