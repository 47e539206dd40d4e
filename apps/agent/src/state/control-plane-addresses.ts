import { lookup } from 'node:dns/promises';
import { parseAddress, readAddress } from '#ipam/address.js';
import { addressKind } from '#ipam/address-kind.js';
import { hostPrefix } from '#ipam/prefix.js';
import { readIfThere, writeDurably } from './files.js';
import type { Identity } from './identity.js';
import { readLogin } from './login.js';
import type { StateDir } from './state-dir.js';

/** Literal addresses by host name, as they were found last. */
type Known = Record<string, string[]>;

/**
 * Where the control plane is: API and brokers. A full tunnel must leave them out, also right after a start, when names
 * cannot be asked for yet: so they are kept on disk.
 */
export class ControlPlaneAddresses {
  private constructor(
    private readonly dir: StateDir,
    private readonly server: string,
    private known: Known,
  ) {}

  static async load(dir: StateDir, { server }: Pick<Identity, 'server'>): Promise<ControlPlaneAddresses> {
    const text = await readIfThere(dir.file('controlPlane'));
    return new ControlPlaneAddresses(dir, server, parse(text));
  }

  /** With full prefix length, sorted. */
  get prefixes(): string[] {
    const all = Object.values(this.known).flat();
    const elsewhere = all.filter((address) => addressKind(parseAddress(address)) !== 'loopback');
    return [...new Set(elsewhere)].map(hostPrefix).sort();
  }

  /** Asks for the names again; one that nobody knows now keeps what it had. @returns whether anything changed */
  async refresh(): Promise<boolean> {
    const urls = [this.server, ...((await readLogin(this.dir))?.urls ?? [])];
    const hosts = [...new Set(urls.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, '')))].sort();
    const found = await Promise.all(
      hosts.map(async (host) => {
        const addresses = await lookup(host, { all: true }).catch(() => []);
        const literals = addresses.map(({ address }) => address).sort();
        return [host, literals.length > 0 ? literals : (this.known[host] ?? [])] as const;
      }),
    );
    const known = Object.fromEntries(found);
    if (JSON.stringify(known) === JSON.stringify(this.known)) return false;
    this.known = known;
    await writeDurably(this.dir.file('controlPlane'), `${JSON.stringify(known)}\n`);
    return true;
  }
}

/** A damaged file is as none: it is found out anew. */
function parse(text: string | undefined): Known {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isKnown(value) ? value : {};
  } catch {
    return {};
  }
}

function isKnown(value: unknown): value is Known {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((each) => Array.isArray(each) && each.every(isAddress));
}

const isAddress = (value: unknown) => typeof value === 'string' && readAddress(value) !== undefined;
