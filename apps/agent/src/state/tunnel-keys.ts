import { rename, rm } from 'node:fs/promises';
import { publicHalf, x25519Pair } from '../enrol/node-keys.js';
import { readIfThere, syncDirectory, writeDurably } from './files.js';
import { type Identity, writeIdentity } from './identity.js';
import type { StateDir } from './state-dir.js';

/**
 * The WireGuard key in use and, while it is being changed, the one that takes its place. The identity says which of the
 * two it is, so that a change is one atomic write; the files follow:
 *
 * | crash | what is there | what runs |
 * |---|---|---|
 * | after `prepare` | both files, identity names the old one | the old key |
 * | after `use` | both files, identity names the new one | the new key, which the others were told in the same moment |
 * | after `settle` | one file | the new key |
 */
export class TunnelKeys {
  /** Public halves of what the two files hold. */
  #settled: string | undefined;
  #next: string | undefined;

  private constructor(
    private readonly dir: StateDir,
    private readonly identity: Identity,
  ) {}

  static async load(dir: StateDir, identity: Identity): Promise<TunnelKeys> {
    const keys = new TunnelKeys(dir, { ...identity });
    keys.#settled = await readPublicHalf(dir.file('privateKey'));
    keys.#next = await readPublicHalf(dir.file('nextKey'));
    return keys;
  }

  /** Public half of the key in use. */
  get publicKey(): string {
    return this.identity.publicKey;
  }

  /** The one of the two that is not in use. */
  get otherKey(): string | undefined {
    return this.publicKey === this.#next ? this.#settled : this.#next;
  }

  /** The one that was made to take the place of the key in use. */
  get offeredKey(): string | undefined {
    return this.publicKey === this.#next ? undefined : this.#next;
  }

  /** Where `wg` reads the key in use. */
  get privateKeyFile(): string {
    return this.dir.file(this.publicKey === this.#next ? 'nextKey' : 'privateKey');
  }

  /** Whether the node has the private half. */
  has(publicKey: string): boolean {
    return publicKey === this.publicKey || publicKey === this.otherKey;
  }

  /** The key to offer: the one that is ready, else a new one. On disk when it returns. */
  async prepare(): Promise<string> {
    await this.settle();
    if (this.#next !== undefined) return this.#next;
    const { publicKey, privateKey } = x25519Pair();
    await writeDurably(this.dir.file('nextKey'), `${privateKey}\n`);
    this.#next = publicKey;
    return publicKey;
  }

  /** Forgets a key that the server did not take. */
  async discard(): Promise<void> {
    if (this.publicKey === this.#next) return;
    await rm(this.dir.file('nextKey'), { force: true });
    this.#next = undefined;
  }

  /** From now on, also after a crash, the other one is in use. */
  async use(publicKey: string): Promise<void> {
    if (publicKey === this.publicKey) return;
    await writeIdentity(this.dir, { ...this.identity, publicKey });
    this.identity.publicKey = publicKey;
  }

  /** Makes a change final: the key before it is nowhere any more. */
  async settle(): Promise<void> {
    if (this.publicKey !== this.#next) return;
    await rename(this.dir.file('nextKey'), this.dir.file('privateKey'));
    await syncDirectory(this.dir.path);
    this.#settled = this.#next;
    this.#next = undefined;
  }
}

async function readPublicHalf(path: string): Promise<string | undefined> {
  const text = await readIfThere(path);
  return text === undefined ? undefined : publicHalf(text.trim());
}
