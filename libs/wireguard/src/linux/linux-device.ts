import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceError, type Backend, type Device } from '../core/device.js';
import { routingNumbers } from '../core/full-tunnel.js';
import type { ObservedDevice } from '../core/observed-device.js';
import type { Operation } from '../core/operation.js';
import { parseIpAddress, parseIpRoutes, type IpLink, type IpRoutes } from '../core/parse-ip-json.js';
import { parseWgDump, type WgDump } from '../core/parse-wg-dump.js';
import { renderCommands, type Command } from '../core/render-commands.js';
import { explainIpFailure } from './explain-failure.js';
import { families, LinuxHost } from './linux-host.js';
import { Ownership } from './ownership.js';
import { runTool, ToolError } from './run-tool.js';
import { until, WireguardGo } from './wireguard-go.js';

export interface LinuxDeviceOptions {
  interfaceName: string;
  /** Base64; tells our interface from others. */
  publicKey: string;
  /** Base64; while the key is being changed the other of the two, which also tells our interface. */
  otherKey?: string | undefined;
  /** 0600, base64: read by `wg` itself. */
  privateKeyFile: string;
  /** For the log of wireguard-go and the record of what we made. */
  stateDir: string;
  /** `auto`: the kernel's if it has one. */
  backend: 'auto' | Backend;
}

/** A WireGuard interface of this network namespace, by `wg` and `ip`. Needs CAP_NET_ADMIN. */
export class LinuxDevice implements Device {
  backend: Backend | null = null;
  readonly #userspace: WireguardGo;
  readonly #ownership: Ownership;
  readonly #host: LinuxHost;

  constructor(private readonly options: LinuxDeviceOptions) {
    this.#userspace = new WireguardGo(options.interfaceName, options.stateDir);
    this.#ownership = new Ownership(options.stateDir, options.interfaceName);
    this.#host = new LinuxHost(options.stateDir, options.interfaceName);
  }

  async observe(): Promise<ObservedDevice | undefined> {
    // All at once: what they cost is the starting of processes. Of an interface that is not there only the first counts.
    const [link, dump, routes, host] = await Promise.allSettled([
      this.#link(),
      this.#wgDump(),
      this.#routes(),
      this.#host.observe().catch((error: unknown) => Promise.reject(asFailed(error))),
    ]);
    const found = valueOf(link);
    if (!found) return undefined;
    const backend = backendOf(found);
    if (!backend) throw this.#foreign(`is no WireGuard interface but ${found.kind ?? 'a plain device'}`);
    if (dump.status === 'rejected') return this.#withoutAnswer(found, backend, dump.reason);
    if (routes.status === 'rejected') return this.#withoutAnswer(found, backend, routes.reason);
    const { publicKey } = dump.value;
    const isOurKey = publicKey === null || this.#keys.includes(publicKey);
    if (!isOurKey && !(await this.#ownership.covers(found.ifindex)))
      throw this.#foreign('is a WireGuard interface with another key');
    this.backend = backend;
    const { ifindex, mtu, up, addresses } = found;
    return { ifindex, mtu, up, addresses, ...dump.value, ...routes.value, ...valueOf(host) };
  }

  async create(): Promise<void> {
    this.backend = await this.#make();
    const link = await this.#link();
    if (!link) throw new DeviceError('failed', `${this.options.interfaceName} vanished while it was made`);
    await this.#ownership.record(link.ifindex);
    await this.#allowIpv6();
  }

  async apply(operations: readonly Operation[]): Promise<void> {
    for (const command of renderCommands(operations, this.options)) {
      try {
        await this.#run(command);
      } catch (error) {
        if (error instanceof ToolError) throw this.#explain(error, command);
        throw error;
      }
    }
  }

  async remove(): Promise<void> {
    if (await this.#link()) await this.#refuseForeign();
    try {
      await this.#host.removeRules();
      await this.discard();
      await this.#host.restore();
    } catch (error) {
      throw asFailed(error);
    }
  }

  async discard(): Promise<void> {
    const link = await this.#link();
    const backend = link ? backendOf(link) : null;
    if (link && backend === 'kernel') {
      await this.observe();
      await this.#tool('ip', ['link', 'delete', 'dev', this.options.interfaceName]);
    } else if (link) {
      if (!(await this.#isOurTun(link))) throw this.#foreign('is not ours');
      await this.#userspace.stop();
      if (!(await until(async () => !(await this.#link()))))
        throw new DeviceError('failed', `${this.options.interfaceName} is still there without its wireguard-go`);
    }
    await this.#ownership.forget();
    this.backend = null;
  }

  async #make(): Promise<Backend> {
    const { backend, interfaceName } = this.options;
    if (backend === 'userspace') {
      await this.#userspace.start();
      return 'userspace';
    }
    try {
      await runTool('ip', ['link', 'add', 'dev', interfaceName, 'type', 'wireguard']);
      return 'kernel';
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const unsupported = error.says(/Unknown device type|not supported/i);
      if (!unsupported) throw new DeviceError('failed', `${interfaceName} cannot be made: ${error.message}`);
      if (backend === 'kernel')
        throw new DeviceError(
          'unsupported',
          'this kernel has no WireGuard: load the module, or use --backend userspace',
        );
      await this.#userspace.start();
      return 'userspace';
    }
  }

  async #link(): Promise<IpLink | undefined> {
    try {
      const args = ['-json', '-details', 'address', 'show', 'dev', this.options.interfaceName];
      return parseIpAddress(await runTool('ip', args));
    } catch (error) {
      if (error instanceof ToolError && error.says(/does not exist|No such device|can't find device/i))
        return undefined;
      throw asFailed(error);
    }
  }

  async #wgDump(): Promise<WgDump> {
    return parseWgDump(await runTool('wg', ['show', this.options.interfaceName, 'dump']));
  }

  /** @returns undefined when the interface went away in the meantime */
  async #withoutAnswer(link: IpLink, backend: Backend, error: unknown): Promise<undefined> {
    if (!(await this.#link())) return undefined;
    if (backend === 'kernel' || !isSilence(error)) throw asFailed(error);
    if (await this.#ownership.covers(link.ifindex))
      throw new DeviceError('dead', `wireguard-go of ${this.options.interfaceName} does not answer: ${error.message}`);
    throw this.#foreign('is a tun device of another program');
  }

  async #routes(): Promise<IpRoutes> {
    const { table } = routingNumbers(this.options.interfaceName);
    const both = await Promise.all(
      families().map(async (family) => {
        const args = ['-N', '-json', `-${family}`, 'route', 'show', 'table', 'all', 'dev', this.options.interfaceName];
        return parseIpRoutes(await this.#tool('ip', args), family, table);
      }),
    );
    return {
      routes: both.flatMap(({ routes }) => routes),
      tunnelRoutes: both.flatMap(({ tunnelRoutes }) => tunnelRoutes),
    };
  }

  /** @throws DeviceError `foreign` */
  async #refuseForeign(): Promise<void> {
    try {
      await this.observe();
    } catch (error) {
      // A dead wireguard-go of ours is no reason to stay.
      if (!(error instanceof DeviceError) || error.code !== 'dead') throw error;
    }
  }

  /** A dead wireguard-go cannot show its key: then the record must say that the interface is ours. */
  async #isOurTun(link: IpLink): Promise<boolean> {
    if (await this.#ownership.covers(link.ifindex)) return true;
    if (link.kind !== 'tun') return false;
    return this.#keys.includes((await this.observe())?.publicKey ?? '');
  }

  get #keys(): (string | undefined)[] {
    return [this.options.publicKey, this.options.otherKey];
  }

  async #run(command: Command): Promise<void> {
    if (command.tool === 'ip') {
      await runTool('ip', [...(command.family ? [`-${command.family}`] : []), '-batch', '-'], command.batch);
    } else if (command.tool === 'nft') {
      await this.#host.firewall.run(command.script, command.digest);
    } else if (command.tool === 'sysctl') {
      await this.#host.applySysctls(command.operations);
    } else if (command.tool === 'wg') {
      await runTool('wg', command.args);
    } else {
      // wg opens its file by name, and what Node gives a child as standard input is a socket, which cannot be opened.
      const file = join(this.options.stateDir, 'peers.conf');
      await writeFile(file, command.config, { mode: 0o600 });
      try {
        await runTool('wg', ['addconf', this.options.interfaceName, file]);
      } finally {
        await rm(file, { force: true });
      }
    }
  }

  #explain(error: ToolError, command: Command): DeviceError {
    if (command.tool === 'ip') return explainIpFailure(error, command.operations);
    if (error.says(/Address already in use/)) {
      const operation = command.operations.find((each) => each.kind === 'listen-port');
      return new DeviceError('conflict', 'another program uses the UDP port we listen on', operation);
    }
    const code = this.backend === 'userspace' && isSilence(error) ? 'dead' : 'failed';
    return new DeviceError(code, error.message, command.operations[0]);
  }

  /** Distributions switch IPv6 off for new interfaces by a default; this is ours, so the default does not bind it. */
  async #allowIpv6(): Promise<void> {
    const file = `/proc/sys/net/ipv6/conf/${this.options.interfaceName}/disable_ipv6`;
    if (!existsSync(file) || (await readFile(file, 'utf8')).trim() === '0') return;
    await writeFile(file, '0');
  }

  async #tool(tool: string, args: string[]): Promise<string> {
    try {
      return await runTool(tool, args);
    } catch (error) {
      throw asFailed(error);
    }
  }

  #foreign(what: string): DeviceError {
    const name = this.options.interfaceName;
    return new DeviceError(
      'foreign',
      `${name} ${what}; it is left alone. Choose another name with --interface, or remove it: ip link delete ${name}`,
    );
  }
}

const backendOf = (link: IpLink): Backend | null =>
  link.kind === 'wireguard' ? 'kernel' : link.kind === 'tun' ? 'userspace' : null;

/** What `wg` says when nobody is behind the socket, or somebody who is stuck. */
const isSilence = (error: unknown): error is ToolError =>
  error instanceof ToolError &&
  error.tool === 'wg' &&
  (error.detail.timedOut || error.says(/Protocol error|not supported|Connection refused|No such device/));

function valueOf<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

const asFailed = (error: unknown) => (error instanceof ToolError ? new DeviceError('failed', error.message) : error);
