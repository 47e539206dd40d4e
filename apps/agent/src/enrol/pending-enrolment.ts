import { rm } from 'node:fs/promises';
import type { EnrolRequest } from '#contracts/enrolment.js';
import { readIfThere, writeDurably } from '../state/files.js';
import type { StateDir } from '../state/state-dir.js';
import type { NodeKeys } from './node-keys.js';

/**
 * A request on its way: written before it is sent, so that a crash in between asks again with the same keys under the
 * same id, and gets the same answer.
 */
export interface PendingEnrolment {
  /** Header `Idempotency-Key`. */
  idempotencyKey: string;
  /** Of the token; never its secret. */
  keyId: string;
  /** What the operator asked for, as JSON: another wish is another request. */
  wish: string;
  request: EnrolRequest;
  keys: NodeKeys;
  listenPort: number;
}

/** @returns undefined when there is none, or none that can be read: then nothing was sent or nothing can be repeated */
export async function readPending(dir: StateDir): Promise<PendingEnrolment | undefined> {
  const text = await readIfThere(dir.file('pending'));
  try {
    return text === undefined ? undefined : (JSON.parse(text) as PendingEnrolment);
  } catch {
    return undefined;
  }
}

export const writePending = (dir: StateDir, pending: PendingEnrolment): Promise<void> =>
  writeDurably(dir.file('pending'), `${JSON.stringify(pending, null, 2)}\n`);

export const dropPending = (dir: StateDir): Promise<void> => rm(dir.file('pending'), { force: true });
