import { setTimeout as pause } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Labels } from '#contracts/facts.js';
import { changePort } from './enrol/change-port.js';
import { enrol } from './enrol/enrol.js';
import { AgentFailure } from './failure.js';
import { leave } from './leave/leave.js';
import type { Log } from './log.js';
import { Members } from './members/members.js';
import { preflight } from './preflight.js';
import { localSettings, openDevice, runAgent } from './run-agent.js';
import { BACKENDS, type BackendChoice } from './state/backend-choice.js';
import { ControlPlaneAddresses } from './state/control-plane-addresses.js';
import { HeldSets } from './state/held-set.js';
import { readIdentity, requireIdentity } from './state/identity.js';
import { isInterfaceName } from './state/interface-name.js';
import { StateLock } from './state/lock.js';
import { StateDir } from './state/state-dir.js';
import { TunnelKeys } from './state/tunnel-keys.js';
import { dnsNote } from './status/dns-note.js';
import { readStatus } from './status/read-status.js';
import { AGENT_VERSION } from './version.js';

export interface ProgramParts {
  log: Log;
  /** Comes with SIGTERM or SIGINT. */
  signal: AbortSignal;
  print(text: string): void;
  complain(text: string): void;
}

interface UpOptions {
  token?: string;
  server?: string;
  state: string;
  name?: string;
  interface: string;
  listenPort?: number;
  endpoint: string[];
  site?: string;
  label: Labels;
  backend: BackendChoice;
  exitAfterApply?: true;
  lock?: string;
}

const DEFAULT_STATE = '/var/lib/tombolo';
/** Applying one set to 10,000 peers takes no longer. */
const LEAVE_PATIENCE_MS = 15_000;

export function createProgram(parts: ProgramParts): Command {
  const program = new Command('tombolo-agent')
    .description('Joins this machine to a Tombolo network and keeps its WireGuard interface as the network wants it.')
    .version(AGENT_VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => parts.print(text.trimEnd()),
      writeErr: (text) => parts.complain(text.trimEnd()),
    });

  const state = () => new Option('--state <dir>', 'directory of this node').default(DEFAULT_STATE);

  program
    .command('up')
    .description('join if not yet joined, then run')
    .option('--token <token>', 'enrolment token (needed to join); also TOMBOLO_ENROLMENT_TOKEN')
    .option('--server <url>', 'address of the server, instead of the one in the token')
    .addOption(state())
    .option('--name <name>', 'name of the node (default: this host)')
    .option('--interface <name>', 'WireGuard interface', interfaceName, 'tmb0')
    .option(
      '--listen-port <port>',
      'UDP port (default: 51820 with a public address or --endpoint, else one of its own)',
      port,
    )
    .option('--endpoint <host:port>', 'where this node is reached from anywhere; repeatable', collect, [])
    .option('--site <site>', 'nodes of one site reach each other by their LAN addresses')
    .option('--label <key=value>', 'repeatable', label, {})
    .addOption(new Option('--backend <backend>', 'what carries the tunnels').choices(BACKENDS).default('auto'))
    .option('--lock <fingerprint>', "of the network's lock: take no peer that it does not vouch for")
    .option('--exit-after-apply', 'end when the present state is applied; the tunnels stay')
    .action((options: UpOptions) => up(options, parts));

  program
    .command('run')
    .description('run what was joined, also with no server reachable')
    .addOption(state())
    .action(({ state }: { state: string }) => run(new StateDir(state), parts));

  program
    .command('status')
    .description('what is held and what the kernel says')
    .addOption(state())
    .addOption(new Option('-o, --output <format>', 'output').choices(['table', 'json']).default('table'))
    .action((options: { state: string; output: 'table' | 'json' }) => status(options, parts));

  program
    .command('leave')
    .description('leave the network; nothing of ours stays on this machine')
    .addOption(state())
    .action(({ state }: { state: string }) => leaveNetwork(new StateDir(state), parts));

  return program;
}

async function up(options: UpOptions, parts: ProgramParts): Promise<void> {
  const dir = new StateDir(options.state);
  await preflight();
  await dir.prepare();
  const lock = StateLock.take(dir);
  try {
    const joined = await readIdentity(dir);
    if (joined) {
      parts.log.info({ network: joined.network, node: joined.name }, 'joined already');
      if (options.listenPort !== undefined) await changePort(dir, joined, options.listenPort, parts.log);
    } else {
      const token = options.token ?? process.env.TOMBOLO_ENROLMENT_TOKEN;
      if (token === undefined) throw new AgentFailure('usage', `nothing is joined in ${dir.path}: give --token`);
      const { interface: interfaceName, endpoint: endpoints, label: labels, ...rest } = options;
      await refuseForeignInterface(dir, interfaceName);
      const { network, name: node } = await enrol(
        dir,
        { ...rest, token, interfaceName, endpoints, labels },
        { log: parts.log, pause },
      );
      parts.log.info({ network, node }, 'joined');
    }
    await runAgent({ ...parts, dir, exitAfterApply: options.exitAfterApply ?? false });
  } finally {
    lock.release();
  }
}

/** Before a use of the key is spent on a node that could not come up. @throws DeviceError */
async function refuseForeignInterface(dir: StateDir, interfaceName: string): Promise<void> {
  const keyless = { interfaceName, publicKey: '', backend: 'auto' as const };
  await openDevice(dir, keyless).observe();
}

async function run(dir: StateDir, parts: ProgramParts): Promise<void> {
  await preflight();
  await requireIdentity(dir);
  await dir.prepare();
  const lock = StateLock.take(dir);
  try {
    await runAgent({ ...parts, dir, exitAfterApply: false });
  } finally {
    lock.release();
  }
}

async function status(options: { state: string; output: 'table' | 'json' }, parts: ProgramParts): Promise<void> {
  const dir = new StateDir(options.state);
  const identity = await requireIdentity(dir);
  const keys = await TunnelKeys.load(dir, identity);
  const found = await readStatus({
    identity,
    ...(await new HeldSets(dir).recall()),
    members: await Members.load(dir, identity.nodeId),
    device: openDevice(dir, identity, keys),
    local: localSettings(identity, keys, await ControlPlaneAddresses.load(dir, identity)),
    nextKey: keys.offeredKey ?? null,
    dnsNote,
    now: Date.now() / 1000,
  });
  if (options.output === 'json') return parts.print(JSON.stringify(found, null, 2));
  // Only for people, and not for the memory of the agent.
  const { statusTable } = await import('./status/status-table.js');
  parts.print(statusTable(found));
}

async function leaveNetwork(dir: StateDir, parts: ProgramParts): Promise<void> {
  await preflight();
  const identity = await requireIdentity(dir);
  const lock = await StateLock.takeOver(dir, LEAVE_PATIENCE_MS);
  try {
    const todo = await leave({
      dir,
      identity,
      device: openDevice(dir, identity, await TunnelKeys.load(dir, identity)),
      log: parts.log,
    });
    if (todo !== undefined) parts.complain(`warning: ${todo}`);
  } finally {
    lock.release();
  }
}

const collect = (text: string, before: string[]) => [...before, text];

function label(text: string, before: Labels): Labels {
  const [key = '', ...value] = text.split('=');
  if (key === '' || value.length === 0) throw new InvalidArgumentError('write KEY=VALUE.');
  return { ...before, [key]: value.join('=') };
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('a port is from 1 to 65535.');
  return value;
}

function interfaceName(text: string): string {
  if (!isInterfaceName(text))
    throw new InvalidArgumentError('a letter, then up to 14 letters, digits, ".", "_" or "-".');
  return text;
}
