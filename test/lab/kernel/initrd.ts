import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from '../rig/command.js';

const INIT = 'test/lab/kernel/init.sh';
const BUSYBOX = '/bin/busybox';
/** What it takes to see the ports and the files; everything else the guest's own modprobe finds. */
const MODULES = ['virtio_pci', 'virtio_console', 'virtiofs', 'overlay'];

/** The initial RAM disk for this kernel: busybox, init.sh and four modules. Made once, kept in the user's cache. */
export async function initrdFor(kernel: string): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tombolo');
  const content = createHash('sha256').update(readFileSync(INIT)).update(MODULES.join()).digest('hex').slice(0, 12);
  const file = join(cache, `initrd-${kernel}-${content}.cpio`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const tree = mkdtempSync(join(tmpdir(), 'tombolo-initrd-'));
  try {
    await fillTree(tree, kernel);
    // Not compressed: unpacking is slow in an emulated machine.
    await run('sh', ['-c', 'cd "$1" && find . | cpio --quiet -o -H newc > "$2"', 'sh', tree, `${file}.${process.pid}`]);
    renameSync(`${file}.${process.pid}`, file);
  } finally {
    rmSync(tree, { recursive: true });
  }
  return file;
}

async function fillTree(tree: string, kernel: string): Promise<void> {
  for (const name of ['bin', 'proc', 'dev', 'run', 'modules']) mkdirSync(join(tree, name));
  copyFileSync(BUSYBOX, join(tree, 'bin/busybox'));
  writeFileSync(join(tree, 'init'), readFileSync(INIT), { mode: 0o755 });
  const files = (await Promise.all(MODULES.map((name) => moduleFiles(name, kernel)))).flat();
  for (const [i, file] of [...new Set(files)].entries())
    copyFileSync(file, join(tree, 'modules', `${String(i).padStart(2, '0')}-${basename(file)}`));
}

/** Files of a module, what it depends on first; none when it is built in. */
async function moduleFiles(name: string, kernel: string): Promise<string[]> {
  const steps = await run('modprobe', ['--set-version', kernel, '--show-depends', name]);
  return steps.split('\n').flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []);
}
