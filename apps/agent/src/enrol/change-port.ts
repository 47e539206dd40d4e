import type { Log } from '../log.js';
import { type Identity, writeIdentity } from '../state/identity.js';
import type { StateDir } from '../state/state-dir.js';
import { chooseListenPort } from './listen-port.js';

/** Lets a node that has joined listen on the port that was asked for, now and later. @throws AgentFailure when that is taken */
export async function changePort(dir: StateDir, identity: Identity, asked: number, log: Log): Promise<void> {
  if (asked === identity.listenPort) return;
  const listenPort = await chooseListenPort({ asked, isCalled: false });
  await writeIdentity(dir, { ...identity, listenPort });
  log.info({ was: identity.listenPort, listenPort }, 'listens on another port');
}
