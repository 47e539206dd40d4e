import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceError } from '../core/device.js';
import { SYSCTL_KEYS, sysctlName, type SysctlKey } from '../core/sysctls.js';
import { bootId } from './ownership.js';

/** What was there before us, by key; `beside`: what the kernel or we changed along with it, by path. */
type Former = Partial<Record<SysctlKey, { value: string; beside: Record<string, string> }>>;

/**
 * Settings of the machine that we change, with their former values in a file (0600), written before the first change. What
 * was changed in an earlier boot is forgotten: every boot starts from the machine's own settings.
 */
export class LinuxSysctls {
  readonly #file: string;

  constructor(
    stateDir: string,
    private readonly interfaceName: string,
  ) {
    this.#file = join(stateDir, 'sysctls.json');
  }

  async read(): Promise<Record<SysctlKey, string | null>> {
    const entries = await Promise.all(SYSCTL_KEYS.map(async (key) => [key, await this.#value(key)] as const));
    return Object.fromEntries(entries) as Record<SysctlKey, string | null>;
  }

  async changed(): Promise<SysctlKey[]> {
    const former = await this.#former();
    return SYSCTL_KEYS.filter((key) => former[key] !== undefined);
  }

  /** @throws DeviceError `failed` where the machine does not let us */
  async set(key: SysctlKey, value: string): Promise<void> {
    const former = await this.#former();
    const before = await besides(key);
    if (!former[key]) {
      former[key] = { value: (await this.#value(key)) ?? '0', beside: before };
      await this.#record(former);
    }
    await write(this.#path(key), value);
    if (key === 'forward6') await keepRouterAdvertisements(before);
  }

  /** The former value, and those beside it, where nobody has changed them since. */
  async restore(key: SysctlKey): Promise<void> {
    const { [key]: own, ...rest } = await this.#former();
    if (own) {
      if (existsSync(this.#path(key))) await write(this.#path(key), own.value);
      for (const [path, value] of Object.entries(own.beside))
        if (existsSync(path) && (await readValue(path)) !== value) await write(path, value);
    }
    await this.#record(rest);
  }

  async restoreAll(): Promise<void> {
    for (const key of await this.changed()) await this.restore(key);
  }

  async #former(): Promise<Former> {
    try {
      const record = JSON.parse(await readFile(this.#file, 'utf8')) as { bootId: string; former: Former };
      return record.bootId === (await bootId()) ? record.former : {};
    } catch {
      return {};
    }
  }

  async #record(former: Former): Promise<void> {
    if (Object.keys(former).length === 0) return rm(this.#file, { force: true });
    const text = `${JSON.stringify({ bootId: await bootId(), former })}\n`;
    // Whole or as it was: half a record would be values that never come back.
    await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
  }

  async #value(key: SysctlKey): Promise<string | null> {
    return readValue(this.#path(key)).catch(() => null);
  }

  #path(key: SysctlKey): string {
    return `/proc/sys/${sysctlName(key, this.interfaceName).split('.').join('/')}`;
  }
}

/**
 * What else changes with a key: switching forwarding sets it on every interface and turns redirects (and for IPv6, the
 * reading of router advertisements) round. Linux, Documentation/networking/ip-sysctl.rst.
 */
async function besides(key: SysctlKey): Promise<Record<string, string>> {
  const patterns: Partial<Record<SysctlKey, [4 | 6, string[]]>> = {
    forward4: [4, ['forwarding', 'accept_redirects']],
    forward6: [6, ['forwarding', 'accept_ra']],
  };
  const pattern = patterns[key];
  if (!pattern) return {};
  const [family, names] = pattern;
  const root = `/proc/sys/net/ipv${family}/conf`;
  const found: Record<string, string> = {};
  for (const device of await readdir(root))
    for (const name of names) {
      const path = join(root, device, name);
      if (existsSync(path)) found[path] = await readValue(path);
    }
  return found;
}

/** A machine that forwards takes no advertised routes unless told to (accept_ra 2): it must not lose its way out by us. */
async function keepRouterAdvertisements(before: Record<string, string>): Promise<void> {
  for (const [path, value] of Object.entries(before))
    if (path.endsWith('/accept_ra') && value === '1' && before[path.replace(/accept_ra$/, 'forwarding')] === '0')
      await write(path, '2');
}

const readValue = async (path: string) => (await readFile(path, 'utf8')).trim();

async function write(path: string, value: string): Promise<void> {
  try {
    await writeFile(path, value);
  } catch (error) {
    const why = (error as Error).message;
    throw new DeviceError(
      'failed',
      `${path} cannot be set to ${value}: ${why}. Set it on the host, or give us the right to`,
    );
  }
}
