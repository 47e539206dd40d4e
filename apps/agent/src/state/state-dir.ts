import { chmod, lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AgentFailure } from '../failure.js';

/** Everything the agent keeps, by what it is (docs/agent.md lists them). */
const FILES = {
  lock: 'agent.lock',
  identity: 'identity.json',
  privateKey: 'wireguard.key',
  nextKey: 'wireguard.next.key',
  login: 'login.json',
  pending: 'enrolment.json',
  held: 'state.json',
  previous: 'state.previous.json',
  controlPlane: 'control-plane.json',
  seenEndpoints: 'seen-endpoints.json',
  reports: 'report-session',
  members: 'membership-lock.json',
  ownSignature: 'own-signature.json',
} as const;

/** Written by libs/wireguard. */
const OF_THE_DEVICE = ['device.json', 'sysctls.json', 'wireguard-go.log', 'peers.conf'];

/** The directory of one joined node, 0700. */
export class StateDir {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  file(kind: keyof typeof FILES): string {
    return join(this.path, FILES[kind]);
  }

  /** @throws AgentFailure when it cannot be ours alone */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      const stats = await lstat(this.path);
      if (!stats.isDirectory())
        throw new AgentFailure('failed', `${this.path} is not a directory: choose another --state`);
      if ((stats.mode & 0o077) === 0) return;
      const others = (await readdir(this.path)).filter((name) => !isOurs(name));
      if (others.length > 0) {
        const message = `${this.path} is open to other users and holds other files (${others[0]}): choose a directory of its own for --state`;
        throw new AgentFailure('failed', message);
      }
      await chmod(this.path, 0o700);
    } catch (error) {
      if (error instanceof AgentFailure) throw error;
      throw new AgentFailure('failed', `cannot use ${this.path}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Removes what is ours, and the directory if nothing else is in it. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.path)) if (isOurs(name)) await rm(join(this.path, name), { force: true });
    await rmdir(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY') throw error;
    });
  }
}

const ours = new Set<string>([...Object.values(FILES), ...OF_THE_DEVICE]);
const isOurs = (name: string) => ours.has(name) || (name.endsWith('.new') && ours.has(name.slice(0, -'.new'.length)));
