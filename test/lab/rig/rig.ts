import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Host } from './host.js';
import { Internet } from './internet.js';
import { ownMark, removeLeftovers } from './run-mark.js';
import { Switch } from './switch.js';

/** A network of hosts on this machine. Needs root. Everything in it ends with `close()`, or with this process. */
export class Rig {
  private readonly hosts = new Map<string, Host>();

  private constructor(
    private readonly mark: string,
    /** For the files of this rig; other users may enter it, as the database's does. */
    readonly directory: string,
  ) {}

  static create(): Rig {
    removeLeftovers();
    const mark = ownMark();
    const directory = mkdtempSync(join(tmpdir(), `${mark}-`));
    chmodSync(directory, 0o755);
    return new Rig(mark, directory);
  }

  async host(name: string): Promise<Host> {
    if (this.hosts.has(name)) throw new Error(`the rig has a host ${name} already`);
    const host = await Host.start(name, this.mark);
    this.hosts.set(name, host);
    return host;
  }

  /** A routed internet: hosts reach each other by address, with no shared cable. */
  async internet(name = 'internet'): Promise<Internet> {
    const host = await this.host(name);
    await host.sysctl('net.ipv4.ip_forward', 1);
    return new Internet(host);
  }

  /** A cable with many ends. */
  async switch(name: string): Promise<Switch> {
    const host = await this.host(name);
    await host.ip('link add br0 type bridge', 'link set br0 up');
    return new Switch(host);
  }

  async close(): Promise<void> {
    await Promise.all([...this.hosts.values()].map((host) => host.close()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
