import { rm } from 'node:fs/promises';
import type { EnrolRequest } from '#contracts/enrolment.js';
import { isId, isName } from '#contracts/names.js';
import { publicUserKey } from '#messaging/nkeys.js';
import { readIfThere, writeDurably } from '../state/files.js';
import { JsonFields } from '../state/json-fields.js';
import type { StateDir } from '../state/state-dir.js';
import { type NodeKeys, publicHalf } from './node-keys.js';

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

/** @returns undefined when there is none, or none that is whole: then nothing was sent or nothing can be repeated */
export async function readPending(dir: StateDir): Promise<PendingEnrolment | undefined> {
  const text = await readIfThere(dir.file('pending'));
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** The keys and what is said of them belong together: with others the node would be somebody else. @throws Error */
function parse(text: string): PendingEnrolment {
  const fields = JsonFields.parse(text, 'the request that was left');
  const [request, keys] = [fields.object('request'), fields.object('keys')];
  const [tunnel, control, nats] = [keys.object('tunnel'), keys.object('control'), keys.object('nats')];
  const ofThePair = (half: JsonFields) => {
    const publicKey = half.text('publicKey');
    return { publicKey, privateKey: half.text('privateKey', (each) => publicHalf(each) === publicKey) };
  };
  const pairs = { tunnel: ofThePair(tunnel), control: ofThePair(control) };
  const natsKey = nats.text('publicKey');
  const seed = nats.text('seed', (each) => publicUserKey(each) === natsKey);
  request.text('name', isName);
  request.text('publicKey', (key) => key === pairs.tunnel.publicKey);
  request.text('controlKey', (key) => key === pairs.control.publicKey);
  request.text('natsKey', (key) => key === natsKey);
  return {
    idempotencyKey: fields.text('idempotencyKey'),
    keyId: fields.text('keyId', isId),
    wish: fields.text('wish'),
    // What else it holds, the server judges.
    request: (JSON.parse(text) as PendingEnrolment).request,
    keys: { ...pairs, nats: { publicKey: natsKey, seed } },
    listenPort: fields.whole('listenPort', 1, 65_535),
  };
}

export const writePending = (dir: StateDir, pending: PendingEnrolment): Promise<void> =>
  writeDurably(dir.file('pending'), `${JSON.stringify(pending, null, 2)}\n`);

export const dropPending = (dir: StateDir): Promise<void> => rm(dir.file('pending'), { force: true });
