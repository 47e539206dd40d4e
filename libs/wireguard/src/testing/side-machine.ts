import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export type Protocol = 'tcp' | 'udp';

/** Whoever asks it anything is told the address and port it was asked from. */
const ECHO = `
const [protocol, address, port] = process.argv.slice(1);
const ready = () => console.log('ready');
if (protocol === 'tcp') require('net').createServer((s) => {
  s.on('error', () => {});
  s.on('data', () => s.end(s.remoteAddress + ' ' + s.remotePort));
}).listen(+port, address, ready);
else {
  const s = require('dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  s.on('message', (m, from) => s.send(from.address + ' ' + from.port, from.port, from.address));
  s.bind(+port, address, ready);
}`;

/** Asks, perhaps from an address and port of its own, and prints the answer; ends with 1 when there is none. */
const ASK = `
const [protocol, address, port, from, wait] = process.argv.slice(1);
const done = (text) => { console.log(text); process.exit(text === 'none' ? 1 : 0); };
setTimeout(done, +wait, 'none');
if (protocol === 'tcp') {
  const s = require('net').connect({ host: address, port: +port, ...(from && { localAddress: from }) });
  let text = 'none';
  s.on('connect', () => s.write('who am I?')).on('data', (d) => { text = String(d); });
  s.on('close', () => done(text)).on('error', () => {});
} else {
  const s = require('dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  s.on('message', (m) => done(String(m))).on('error', () => done('none'));
  s.bind(0, from || undefined, () => s.send('who am I?', +port, address));
}`;

/** Connects and prints what the kernel makes of the other side's offer: "mss" of ss. */
const SEGMENT = `
const [address, port, from] = process.argv.slice(1);
const s = require('net').connect({ host: address, port: +port, ...(from && { localAddress: from }) });
s.on('connect', () => {
  const ss = require('child_process').execFileSync('ss', ['-tinH', 'dst', address], { encoding: 'utf8' });
  console.log(/ mss:(\\d+)/.exec(ss)[1]);
  process.exit();
}).on('error', () => process.exit(1));`;

/** Whom an answer is expected from answers in a few milliseconds; nobody is waited for so long. */
const PATIENCE_MS = 4_000;
const NO_ANSWER_MS = 400;

/**
 * A machine beside the one that the test runs on: a network namespace, made and found by the process that holds it. No
 * names are left anywhere.
 */
export class SideMachine {
  readonly #children: ChildProcess[] = [];

  private constructor(private readonly holder: ChildProcess | undefined) {}

  /** The machine that the test itself runs on. */
  static readonly here = new SideMachine(undefined);

  static async create(): Promise<SideMachine> {
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo ready && exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: holder.stdout }), 'line');
    return new SideMachine(holder);
  }

  get pid(): number {
    return this.holder?.pid ?? process.pid;
  }

  run(command: string, ...args: string[]): string {
    const [tool = '', ...rest] = this.#inside([command, ...args]);
    return execFileSync(tool, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Several commands of `ip`. */
  ip(...lines: string[]): void {
    for (const line of lines) this.run('ip', ...line.split(' '));
  }

  /** A cable to another machine. */
  cable(name: string, other: SideMachine, otherName: string): void {
    this.ip(`link add ${name} type veth peer name ${otherName} netns ${other.pid}`, `link set ${name} up`);
    other.ip(`link set ${otherName} up`);
  }

  /** A process of its own until the end of the test. */
  async start(ready: RegExp, command: string, ...args: string[]): Promise<void> {
    const [tool = '', ...rest] = this.#inside([command, ...args]);
    // Of a group of its own, so that what it starts ends with it.
    const child = spawn(tool, rest, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    this.#children.push(child);
    for await (const line of createInterface({ input: child.stdout })) if (ready.test(line)) return;
    throw new Error(`${command} ended before it was ready`);
  }

  async answer(protocol: Protocol, address: string, port: number): Promise<void> {
    await this.start(/ready/, process.execPath, '-e', ECHO, protocol, address, String(port));
  }

  /** @returns the address this machine was seen to have; null when there was no answer */
  ask(protocol: Protocol, address: string, port: number, from = ''): string | null {
    return this.#ask(PATIENCE_MS, [protocol, address, String(port), from]);
  }

  /** The same where no answer is expected. */
  askInVain(protocol: Protocol, address: string, port: number, from = ''): string | null {
    return this.#ask(NO_ANSWER_MS, [protocol, address, String(port), from]);
  }

  #ask(waitMs: number, args: string[]): string | null {
    try {
      const text = this.run(process.execPath, '-e', ASK, ...args, String(waitMs)).trim();
      return text.split(' ')[0] ?? null;
    } catch {
      return null;
    }
  }

  /** @returns the largest segment, in bytes, that a connection from here begins with */
  segmentTo(address: string, port: number, from = ''): number {
    return Number(this.run(process.execPath, '-e', SEGMENT, address, String(port), from));
  }

  destroy(): void {
    for (const { pid, exitCode, signalCode } of this.#children)
      if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
    this.holder?.kill('SIGKILL');
  }

  #inside(command: string[]): string[] {
    return this.holder ? ['nsenter', '-t', String(this.pid), '-n', ...command] : command;
  }
}
