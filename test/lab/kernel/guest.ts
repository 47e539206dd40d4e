import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../rig/wait-for.js';
import { GuestPort } from './guest-port.js';
import { initrdFor } from './initrd.js';

export interface GuestJob {
  /** Run in the working directory of this process, with its PATH. */
  command: string[];
  env?: Record<string, string | undefined>;
  /** A file that the command writes and that is brought out. */
  resultFile: string;
  /** Milliseconds until the guest is ended. */
  timeout: number;
  /** What the command prints, as it comes. */
  print: (text: string) => void;
}

export interface GuestOutcome {
  /** Exit status of the command. */
  status: number;
  /** Content of the result file; empty when there was none. */
  result: string;
}

/** A guest was seen to keep two processors busy without a word until the end of its time; why is not known. */
const ATTEMPTS = 3;
/** It beats every 5 s, slowly where the machine is busy: it hangs when nothing came for so long, milliseconds. What its command does is the command's own. */
const SILENT_MS = 150_000;

/**
 * Runs a command under Debian's cloud kernel in an emulated machine that sees this machine's files, read-only under an
 * overlay: what the command writes is gone afterwards. No KVM needed, no image to build, no network. A machine that hangs is
 * replaced by another, which begins anew.
 * @throws Error with the guest's console when the command did not come to an end
 */
export async function runInGuest(job: GuestJob): Promise<GuestOutcome> {
  for (let attempt = 1; ; attempt++)
    try {
      return await runOnce(job);
    } catch (error) {
      if (!(error instanceof GuestHangs) || attempt === ATTEMPTS) throw error;
      job.print(`tombolo: ${error.message}\ntombolo: another guest is started\n`);
    }
}

class GuestHangs extends Error {}

async function runOnce(job: GuestJob): Promise<GuestOutcome> {
  const kernel = cloudKernel();
  const initrd = await initrdFor(kernel);
  const directory = mkdtempSync(join(tmpdir(), 'tombolo-guest-'));
  const children: ChildProcess[] = [];
  try {
    writeFileSync(join(directory, 'job.sh'), jobScript(job));
    const ports = ['output', 'status', 'result', 'pulse'].map((name) => new GuestPort(name, directory)) as Ports;
    const [output, , , pulse] = ports;
    let heardAt = performance.now();
    pulse.onText(() => void (heardAt = performance.now()));
    output.onText(job.print);
    const share = join(directory, 'files');
    children.push(start(virtiofsd(), ['-f', `--socket-path=${share}`, ...SHARED], join(directory, 'virtiofsd.log')));
    await waitFor(() => existsSync(share), { what: 'virtiofsd to start' });
    const devices = [
      ...fileSystem(share),
      ...boot(kernel, initrd, join(directory, 'job.sh')),
      ...['-chardev', `file,id=console,path=${join(directory, 'console')}`, '-serial', 'chardev:console'],
      ...['-device', 'virtio-serial-pci', ...ports.flatMap((port) => port.device)],
    ];
    const machine = start('qemu-system-x86_64', [...MACHINE, ...devices], join(directory, 'qemu.log'));
    children.push(machine);
    const limit = setTimeout(() => machine.kill('SIGKILL'), job.timeout);
    let hangs = false;
    const watch = setInterval(() => {
      hangs = performance.now() - heardAt > SILENT_MS;
      if (hangs) machine.kill('SIGKILL');
    }, 1_000);
    await once(machine, 'exit');
    clearTimeout(limit);
    clearInterval(watch);
    const [, status, result] = await Promise.all(ports.map((port) => port.close()));
    const beat = `its last beat ${Math.round((performance.now() - heardAt) / 1_000)} s ago`;
    if (!status && hangs) throw new GuestHangs(`the guest hangs, ${beat}\n${logs(directory)}`);
    if (!status) throw new Error(`the guest ended without a status, ${beat}\n${logs(directory)}`);
    return { status: Number(status), result: result ?? '' };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
}

type Ports = [GuestPort, GuestPort, GuestPort, GuestPort];
const MEMORY = '2G';
const SHARED = ['-o', 'source=/', '-o', 'cache=always', '-o', 'sandbox=chroot'];
const MACHINE = [
  ...['-M', 'q35', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
  ...['-accel', 'tcg,thread=multi', '-cpu', 'Nehalem', '-smp', String(Math.min(4, availableParallelism()))],
  ...['-m', MEMORY],
];

/** virtiofs shares the guest's memory with its server. */
function fileSystem(share: string): string[] {
  return [
    ...['-object', `memory-backend-memfd,id=memory,size=${MEMORY},share=on`, '-numa', 'node,memdev=memory'],
    ...['-chardev', `socket,id=files,path=${share}`, '-device', 'vhost-user-fs-pci,chardev=files,tag=files'],
  ];
}

/**
 * No `tsc=reliable`: on a busy machine the kernel measures its clock wrong one time in ten (945 MHz for 2596), and then
 * its watchdog must be there to notice and take another.
 */
function boot(kernel: string, initrd: string, job: string): string[] {
  const options = 'console=ttyS0 quiet loglevel=3 mitigations=off panic=-1';
  return ['-kernel', `/boot/vmlinuz-${kernel}`, '-initrd', initrd, '-append', `${options} tombolo.job=${job}`];
}

function jobScript({ command, env, resultFile }: GuestJob): string {
  const variables = Object.entries({ PATH: process.env.PATH, HOME: '/root', LANG: 'C.UTF-8', ...env });
  const exports = variables.flatMap(([name, value]) => (value === undefined ? [] : `export ${name}=${quote(value)}`));
  return `#!/bin/sh
while :; do echo; sleep 5; done >/run/ports/pulse 2>&1 &
cd ${quote(process.cwd())}
${exports.join('\n')}
${command.map(quote).join(' ')} </dev/null >/run/ports/output 2>&1
status=$?
cat ${quote(resultFile)} >/run/ports/result 2>/dev/null
echo $status >/run/ports/status
busybox poweroff -f
`;
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** A process that dies with this one, however that ends. */
function start(command: string, args: string[], log: string): ChildProcess {
  const errors = openSync(log, 'w');
  try {
    return spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], { stdio: ['ignore', 'ignore', errors] });
  } finally {
    closeSync(errors);
  }
}

function cloudKernel(): string {
  const versions = readdirSync('/boot').flatMap((file) => /^vmlinuz-(.*-cloud-amd64)$/.exec(file)?.[1] ?? []);
  const newest = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (!newest) throw new Error('no cloud kernel in /boot: install linux-image-cloud-amd64');
  return newest;
}

/** Part of QEMU up to version 7, a package of its own since. */
function virtiofsd(): string {
  const found = ['/usr/libexec/virtiofsd', '/usr/lib/qemu/virtiofsd'].find((path) => existsSync(path));
  if (!found) throw new Error('no virtiofsd: install qemu-system-x86 (Debian 12) or virtiofsd (newer)');
  return found;
}

function logs(directory: string): string {
  const files = ['console', 'virtiofsd.log', 'qemu.log'].filter((name) => existsSync(join(directory, name)));
  return files.map((name) => `${name}: ${readFileSync(join(directory, name), 'utf8').slice(-5000)}`).join('\n');
}
