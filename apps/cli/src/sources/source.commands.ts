import { generateKeyPairSync } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { type Command } from 'commander';
import { each, segment } from '../arguments.js';
import { contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { writeNew } from '../new-file.js';
import { type Column, renderData, renderList } from '../output/render.js';

interface SourceView {
  name: string;
  networks: { name: string }[];
  allow: string[];
  publicKey: string | null;
  revoked: boolean;
}

interface CreatedSource extends SourceView {
  /** Text of a NATS credentials file. */
  credentials: string;
  urls: string[];
}

interface CreateOptions {
  network: string[];
  allow: string;
  out?: string;
  signed?: true;
  publicKey?: string;
}

const OWNER_ONLY = 0o600;
/** Of an Ed25519 public key. */
const KEY_BYTES = 32;

const columns: Column<SourceView>[] = [
  ['name', (source) => source.name],
  ['networks', (source) => source.networks.map(({ name }) => name).join(',')],
  ['allow', (source) => source.allow.join(',')],
  ['state', (source) => (source.revoked ? 'revoked' : 'in force')],
  ['signs', (source) => (source.publicKey === null ? '' : 'yes')],
];

export function sourceCommands(program: Command): void {
  const source = program.command('source').description('other systems that send commands over NATS');

  source
    .command('create')
    .argument('<name>')
    .description('let another system send commands; its credentials are shown once')
    .requiredOption('--network <network>', 'what it may act on and hear of (repeatable)', each)
    .requiredOption('--allow <commands>', 'what it may send, for instance node.offer,node.retire')
    .option('--out <file>', 'write the credentials to a new file, readable by its owner alone')
    .option('--signed', 'make a key with which it signs its commands, in FILE.key beside the credentials')
    .option('--public-key <key>', 'the same with a key that it has made itself (Ed25519, base64 of 32 bytes)')
    .action(async (name: string, { network, allow, out, ...signing }: CreateOptions, command: Command) => {
      const { api, format, print, warn } = contextOf(command);
      const publicKey = keyFor(signing, out, command);
      const body = { name, networks: network, allow: allow.split(','), ...(publicKey !== undefined && { publicKey }) };
      const create = () => api.post<CreatedSource>('/sources', body);
      const made = out === undefined ? create() : intoFile(out, create);
      const { credentials, ...created } = await made.catch((error: unknown) => {
        if (signing.signed) rmSync(`${out}.key`, { force: true });
        throw error;
      });
      if (format !== 'table') {
        print(renderData(format, { ...created, ...(out === undefined ? { credentials } : { file: out }) }));
        return;
      }
      if (out !== undefined)
        print(
          `source ${name}: its credentials are in ${out}${signing.signed ? `, its key in ${out}.key` : ''}; it connects to ${created.urls.join(', ')}`,
        );
      else print(credentials.trimEnd());
      if (out === undefined) warn('this holds a private key and is shown once: treat it as a password');
    });

  source
    .command('list')
    .description('list sources, revoked ones included')
    .action(async (_options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<SourceView>('/sources'), columns));
    });

  source
    .command('revoke')
    .argument('<name>')
    .description('cut a source off, and drop what it has waiting; its name is never given again')
    .action(async (name: string, _options, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      await confirm(`Revoke source ${name}?`);
      await api.delete(`/sources/${segment(name)}`);
      print(`source ${name} revoked`);
    });
}

/** The private half never leaves this machine: whoever has the broker, or the control plane, has nothing to sign with. */
function keyFor(
  { signed, publicKey }: Omit<CreateOptions, 'network' | 'allow'>,
  out: string | undefined,
  command: Command,
): string | undefined {
  if (!signed) return publicKey;
  if (publicKey !== undefined || out === undefined)
    command.error('--signed goes with --out, and without --public-key', { exitCode: EXIT.usage });
  // In the form in which they leave: an export of its own may stop Node 20 for good (libs/messaging createSealKeys).
  const pair = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  try {
    writeNew(`${out}.key`, pair.privateKey);
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `--signed: ${(error as Error).message}`);
  }
  // RFC 8410 §4: the frame ends with the raw key.
  return pair.publicKey.subarray(-KEY_BYTES).toString('base64');
}

/** The file is there before the source is made: credentials that are shown once must have where to go. */
async function intoFile(file: string, create: () => Promise<CreatedSource>): Promise<CreatedSource> {
  const handle = openNew(file);
  let done = false;
  try {
    const created = await create();
    writeFileSync(handle, created.credentials);
    fsyncSync(handle);
    done = true;
    return created;
  } finally {
    closeSync(handle);
    if (!done) rmSync(file, { force: true });
  }
}

function openNew(file: string): number {
  try {
    return openSync(file, 'wx', OWNER_ONLY);
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `--out: ${(error as Error).message}`);
  }
}
