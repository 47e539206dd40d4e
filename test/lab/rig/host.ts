import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { attempt, type CommandOptions, run } from './command.js';
import { LabProcess } from './lab-process.js';
import { environment } from './environment.js';
import { commandLine, endProcess, processesOf } from './run-mark.js';
import { waitFor } from './wait-for.js';

/**
 * The holder of a host: a shell that owns a network and a mount namespace. It has a /run of its own because wg and
 * wireguard-go meet at a path, /run/wireguard/<interface>.sock. When its standard input ends (the lab is over, or
 * died), it ends everything inside the host, daemons included. Addresses are usable at once: nobody else could have them.
 */
const HOLDER = `
echo 0 2>/dev/null >/proc/sys/net/ipv6/conf/default/accept_dad
mount -t tmpfs "$1" /run && mkdir /run/wireguard && ip link set lo up && echo up || exit
read -r _
again=yes
while [ "$again" ]; do
  again=
  for file in $(grep -lsF -- "- tmpfs $1 " /proc/[0-9]*/mountinfo); do
    pid=\${file#/proc/} pid=\${pid%/mountinfo}
    [ $pid = $$ ] || ! kill -9 $pid || again=yes
  done
done 2>/dev/null`;

/** A machine of the lab: its own interfaces, addresses, routes, packet filter and WireGuard sockets; the files are shared. */
export class Host {
  private constructor(
    readonly name: string,
    /** Pid of the holder: `nsenter -t PID` enters the host, `ip … netns PID` names it. */
    readonly pid: number,
    private readonly holder: ChildProcess,
    private readonly mark: string,
  ) {}

  /** @param mark see run-mark.ts */
  static async start(name: string, mark: string): Promise<Host> {
    const namespaces = ['--net', '--mount', '--propagation', 'private'];
    const holder = spawn('unshare', [...namespaces, 'sh', '-c', HOLDER, 'sh', `${mark}/${name}`], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let errors = '';
    holder.stderr.on('data', (text) => (errors += text));
    for await (const line of createInterface(holder.stdout))
      if (line === 'up') return new Host(name, holder.pid as number, holder, mark);
    throw new Error(`host ${name} did not start: ${errors.trim()}`);
  }

  /** Runs a command inside and answers its output. @throws Error with the command's standard error */
  run(command: string, args: string[], options?: CommandOptions): Promise<string> {
    return run('nsenter', this.inside(command, args), options).catch((error: Error) => {
      throw new Error(`on ${this.name}: ${error.message}`);
    });
  }

  /** Runs a command inside; its failure is a result. */
  attempt(command: string, args: string[], options?: CommandOptions) {
    return attempt('nsenter', this.inside(command, args), options);
  }

  /** Starts a program inside; its pid is the program's own, because nsenter becomes it. */
  spawn(command: string, args: string[], env: NodeJS.ProcessEnv = {}): LabProcess {
    const label = `${command.split('/').at(-1)} on ${this.name}`;
    return new LabProcess(label, 'nsenter', this.inside(command, args), { ...environment, ...env });
  }

  /** Several `ip` commands in one process. */
  async ip(...commands: string[]): Promise<void> {
    await this.run('ip', ['-batch', '-'], { input: commands.join('\n') + '\n' });
  }

  async sysctl(name: string, value: string | number): Promise<void> {
    await this.run('sysctl', ['-qw', `${name}=${value}`]);
  }

  async nft(rules: string): Promise<void> {
    await this.run('nft', ['-f', '-'], { input: rules });
  }

  /** True when one echo request was answered within a second. */
  async pings(address: string): Promise<boolean> {
    return (await this.attempt('ping', ['-n', '-q', '-c', '1', '-W', '1', address])).code === 0;
  }

  /** Command lines of the programs that run inside. */
  programs(): string[] {
    return this.pids().map(commandLine);
  }

  /** Ends every program at once, daemons included, as a power cut does; the cables stay. */
  async crash(): Promise<void> {
    for (const pid of this.pids()) endProcess(pid);
    await waitFor(() => this.pids().length === 0, { what: `the programs of ${this.name} to end` });
  }

  /** Ends every process of the host, and with them its namespaces. */
  async close(): Promise<void> {
    if (this.holder.exitCode !== null || this.holder.signalCode !== null) return;
    this.holder.stdin?.end();
    await once(this.holder, 'exit');
  }

  private pids(): number[] {
    return processesOf(this.mark, this.name).filter((pid) => pid !== this.pid);
  }

  private inside(command: string, args: string[]): string[] {
    return ['-t', String(this.pid), '-n', '-m', `--wdns=${process.cwd()}`, '--', command, ...args];
  }
}
