import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { isRefusal } from '#contracts/errors.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { DecisionMaker } from '#event-store/core/decision-maker.js';
import type { EventStore } from '#event-store/core/event-store.js';
import { systemFold } from '#topology/system-fold.js';
import { decideCreateApiToken } from '../tokens/api-token.decider.js';
import { isApiToken, newApiToken, secretHash } from './api-token.js';

export type AdminToken = 'created' | 'exists';

/**
 * Makes the first API token, once per installation: the secret is written to `file` (0600) before its hash goes into the
 * log, so a crash in between leaves a file whose token the next start takes. With any token in the log nothing is done.
 * @throws Unavailable; Error with `code` of the file system when the file cannot be written
 */
export async function ensureAdminToken(store: EventStore, file: string, now: Date): Promise<AdminToken> {
  const system = new DecisionMaker({ store, fold: systemFold, snapshotEvery: Infinity });
  const { state } = await system.current(SYSTEM_STREAM);
  if (state.tokens.size > 0) return 'exists';

  const { token, isOurs } = await tokenIn(file);
  const command = { commandId: 'first-admin-token', actor: 'service/registry', at: now.toISOString() };
  const create = {
    ...command,
    tokenId: uuidv7(),
    name: 'admin',
    secretHash: secretHash(token),
    role: 'admin' as const,
  };
  try {
    await system.execute(SYSTEM_STREAM, {
      commandId: command.commandId,
      fingerprint: create.secretHash,
      decide: (current) => decideCreateApiToken(create, current),
    });
    return 'created';
  } catch (error) {
    // Another replica was first, and its file holds the token.
    if (!isRefusal(error)) throw error;
    if (isOurs) await rm(file, { force: true });
    return 'exists';
  }
}

/** The token in a file, made now if there is none. */
async function tokenIn(file: string): Promise<{ token: string; isOurs: boolean }> {
  for (;;) {
    const token = newApiToken();
    if (await writeSecret(file, token)) return { token, isOurs: true };
    const written = await readFile(file, 'utf8').catch(unlessGone);
    // Taken away again by a replica that was not the first.
    if (written === undefined) continue;
    if (!isApiToken(written.trim()))
      throw new Error(`${file} is there and holds no API token; move it away and start again`);
    return { token: written.trim(), isOurs: false };
  }
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/**
 * All of it or nothing, on the disk when it returns, and never readable by others.
 * @returns false when the file is there already: it is left as it is
 */
async function writeSecret(file: string, text: string): Promise<boolean> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `.${basename(file)}.${randomUUID()}`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text + '\n');
    await handle.sync();
    // Unlike a rename it never replaces what another process wrote meanwhile.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await handle.close();
    await rm(draft, { force: true });
  }
  const parent = await open(directory, 'r');
  await parent.sync().finally(() => parent.close());
  return true;
}
