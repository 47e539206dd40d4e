import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Which interface we made: without it an interface of our name whose key is not ours could be anybody's. An index is
 * never given twice within one boot.
 */
export class Ownership {
  readonly #file: string;

  constructor(
    stateDir: string,
    private readonly interfaceName: string,
  ) {
    this.#file = join(stateDir, 'device.json');
  }

  async record(ifindex: number): Promise<void> {
    const text = JSON.stringify({ interface: this.interfaceName, ifindex, bootId: await bootId() });
    await writeFile(this.#file, `${text}\n`, { mode: 0o600 });
  }

  async covers(ifindex: number): Promise<boolean> {
    try {
      const record = JSON.parse(await readFile(this.#file, 'utf8')) as Record<string, unknown>;
      return (
        record.interface === this.interfaceName && record.ifindex === ifindex && record.bootId === (await bootId())
      );
    } catch {
      return false;
    }
  }

  async forget(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

/** Another one after each start of the machine. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
