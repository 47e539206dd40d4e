/** Programs that scripts need from Debian: found, or installed when we may. None of these packages starts a service. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output, root, run } from './run.mjs';

/** Of Debian's own package debian-archive-keyring. */
const DEBIAN_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

const lab = [
  need('iproute2', 'ip'),
  need('nftables', 'nft'),
  need('iputils-ping', 'ping'),
  need('procps', 'sysctl'),
  need('wireguard-tools', 'wg'),
];
const guest = [
  need('qemu-system-x86', 'qemu-system-x86_64'),
  need('busybox-static', 'busybox'),
  need('cpio', 'cpio'),
  need('kmod', 'modprobe'),
];

/** Why this machine cannot run the lab (namespaces, WireGuard), after installing what could be; undefined when it can. */
export async function ensureLab() {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.geteuid() !== 0) return 'network namespaces need root';
  const missing = await ensure(lab);
  if (missing) return missing;
  if (output('unshare', ['--net', 'true']) === undefined)
    return 'root may make no network namespaces here (a container without CAP_SYS_ADMIN?)';
  return kernelHasWireGuard() ? undefined : ensure([need('wireguard-go', 'wireguard-go')]);
}

/**
 * The same for the servers that tests start; uses the built program, whose sentences these are. What we run from here
 * on finds the broker without the internet, which a namespace does not have.
 */
export async function ensureServers() {
  const parts = join(root, 'dist', 'apps', 'standalone', 'src', 'parts');
  try {
    const { findNatsServer } = await import(join(parts, 'nats-binary.js'));
    const { postgresBinaries } = await import(join(parts, 'postgres-binaries.js'));
    const { unprivileged } = await import(join(parts, 'unprivileged.js'));
    const log = { info: (_fields, message) => console.log(`tombolo: ${message}`) };
    const cacheDir = join(root, 'node_modules', '.cache', 'tombolo');
    process.env.TOMBOLO_NATS_SERVER = await findNatsServer({ cacheDir, log });
    unprivileged(postgresBinaries().postgres);
    return undefined;
  } catch (error) {
    return error.message;
  }
}

/**
 * The newest nats-server that Debian has, unpacked and not installed: `{server}`, or `{reason}` why there is none. It comes from where
 * this machine's own packages come from, and is kept; TOMBOLO_NATS_SERVER_NEWEST names another.
 */
export function ensureNewestNats() {
  const named = process.env.TOMBOLO_NATS_SERVER_NEWEST;
  if (named) return output(named, ['--version']) ? { server: named } : { reason: `${named} does not run` };
  const dir = join(root, 'node_modules', '.cache', 'tombolo', 'newest');
  const server = join(dir, 'usr', 'sbin', 'nats-server');
  if (output(server, ['--version'])) return { server };
  const origin = output('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])?.split('\n')[0];
  if (!origin) return { reason: 'it comes as a package of Debian, and apt names no source of those here' };
  rmSync(dir, { recursive: true, force: true });
  for (const part of ['lists/partial', 'archives/partial']) mkdirSync(join(dir, part), { recursive: true });
  const list = join(dir, 'sources.list');
  writeFileSync(list, `deb [signed-by=${DEBIAN_KEYS}] ${origin} sid main\n`);
  const options = {
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::lists': join(dir, 'lists'),
    'Dir::Cache': dir,
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::http::Timeout': '10',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  console.log('tombolo: fetching the newest nats-server of Debian, to test with');
  for (const command of [['update'], ['download', 'nats-server']])
    if (output('apt-get', ['-qq', ...flags, ...command], dir) === undefined)
      return { reason: `apt-get ${command.join(' ')} failed for Debian's newest suite` };
  const deb = readdirSync(dir).find((name) => name.endsWith('.deb'));
  if (!deb || output('dpkg', ['-x', join(dir, deb), dir]) === undefined || !output(server, ['--version']))
    return { reason: "Debian's newest nats-server does not unpack or run here" };
  for (const part of ['lists', 'archives', deb]) rmSync(join(dir, part), { recursive: true });
  return { server };
}

/** The same for the guest that runs Debian's own kernel. */
export async function ensureGuest() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the guest is for Linux on x86-64';
  if (process.geteuid() !== 0) return 'the guest sees all files of this machine, which needs root';
  const missing = (await ensure(lab)) ?? (await ensure(guest));
  // Part of QEMU's own packages up to version 7 (Debian 12), so it is looked for after them.
  return (
    missing ?? (await ensure([need('virtiofsd', '/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd')])) ?? guestKernel()
  );
}

/**
 * The guest boots Debian's cloud kernel from /boot. It is installed only where there is no kernel (a container): on a
 * machine that boots from its own disk, it would change what that boots.
 */
async function guestKernel() {
  const kernels = () => (existsSync('/boot') ? readdirSync('/boot').filter((file) => file.startsWith('vmlinuz-')) : []);
  const hasCloud = () => kernels().some((file) => file.endsWith('-cloud-amd64'));
  if (!hasCloud() && kernels().length > 0)
    return 'no linux-image-cloud-amd64, and a second kernel is not installed unasked on a machine that boots one';
  return ensure([{ package: 'linux-image-cloud-amd64', isThere: hasCloud }]);
}

/** A package, there when one of these programs or paths is. */
function need(name, ...anyOf) {
  return { package: name, isThere: () => anyOf.some((program) => isExecutable(program)) };
}

/** Installs the packages of what is missing. Resolves to the sentence to say when something is missing still. */
async function ensure(needs) {
  const missing = () => needs.filter(({ isThere }) => !isThere()).map((one) => one.package);
  const packages = missing();
  if (packages.length === 0) return undefined;
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.geteuid() !== 0) return `${packages.join(', ')} missing; type: sudo ${command}`;
  if (!isExecutable('apt-get'))
    return `${packages.join(', ')} missing, and this machine has no apt-get to install with`;
  console.log(`tombolo: installing ${packages.join(', ')}`);
  if (!(await aptInstall(packages))) return `${packages.join(', ')} missing, and this failed: ${command}`;
  return missing().length === 0 ? undefined : `${missing().join(', ')} did not bring what is needed`;
}

async function aptInstall(packages) {
  const options = ['-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => run('apt-get', ['install', ...options, ...packages], { env, quiet: true });
  // A fresh machine has no lists of packages, and an old one has lists of packages that are gone.
  const known = packages.every((name) => output('apt-cache', ['show', name]));
  if (known && (await install()) === 0) return true;
  return (await run('apt-get', ['update', '-qq'], { quiet: true })) === 0 && (await install()) === 0;
}

function kernelHasWireGuard() {
  const name = `tmbprobe${process.pid % 100_000}`;
  if (output('ip', ['link', 'add', name, 'type', 'wireguard']) === undefined) return false;
  output('ip', ['link', 'delete', name]);
  return true;
}

function isExecutable(program) {
  const directories = [
    ...(process.env.PATH ?? '').split(':').filter(Boolean),
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ];
  const files = program.startsWith('/') ? [program] : directories.map((dir) => join(dir, program));
  return files.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
