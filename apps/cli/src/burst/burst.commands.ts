import { type Command, InvalidArgumentError } from 'commander';
import { contextOf } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { readText, tokenOf, usableKeyOf } from '../keys/token-argument.js';
import { cloudConfig, type K3s } from './cloud-config.js';
import { source, type Source } from './source.js';

interface ScriptOptions {
  network: string;
  key: string;
  source?: Source;
  k3s?: string;
  k3sTokenFile?: string;
  k3sVersion?: string;
}

export function burstCommands(program: Command): void {
  const burst = program.command('burst').description('many short-lived machines');

  burst
    .command('script')
    .description(
      'print a cloud-init document: a machine that gets it joins when it boots and leaves when it is shut down',
    )
    .requiredOption('--network <name>', 'network to join')
    .requiredOption('--key <token>', 'what "key create --ephemeral" printed; "-": standard input, "@FILE": a file')
    .option(
      '--source <url>',
      'where machines get the agent: a git repository [#TAG], or a .tgz [#sha256=HEX]; left out: it is in the image',
      source,
    )
    .option(
      '--k3s <url>',
      'join this k3s cluster as well, by the mesh address of a server, for instance https://10.90.0.1:6443',
      k3sUrl,
    )
    .option('--k3s-token-file <file>', 'its node token; left out: you write it to /etc/tombolo/k3s-token')
    .option('--k3s-version <version>', 'for instance v1.31.4+k3s1 (default: the newest stable one)', k3sVersion)
    .action(async (options: ScriptOptions, command: Command) => {
      const { api, print, warn } = contextOf(command);
      const token = tokenOf(options.key, '--key');
      const key = await usableKeyOf(api, options.network, token);
      if (key.ephemeralTtl === null)
        warn('the key is not ephemeral: machines that die without leaving stay in the network');
      if (key.uses === 1) warn('the key admits one machine');
      if (options.k3s === undefined && (options.k3sTokenFile ?? options.k3sVersion) !== undefined)
        command.error('--k3s-token-file and --k3s-version go with --k3s', { exitCode: EXIT.usage });
      print(cloudConfig({ token, source: options.source ?? null, k3s: k3sOf(options) }).trimEnd());
    });
}

function k3sOf({ k3s, k3sTokenFile, k3sVersion: version }: ScriptOptions): K3s | null {
  if (k3s === undefined) return null;
  const token = k3sTokenFile === undefined ? null : readText(k3sTokenFile, k3sTokenFile).trim();
  return { url: k3s, token, version: version ?? null };
}

function k3sUrl(text: string): string {
  const isFine = URL.canParse(text) && new URL(text).protocol === 'https:' && /^https:\/\/[\w.:[\]-]+\/?$/.test(text);
  if (!isFine) throw new InvalidArgumentError('give https://ADDRESS:6443');
  return text;
}

function k3sVersion(text: string): string {
  if (!/^v[\w.+-]+$/.test(text)) throw new InvalidArgumentError('give a version, for instance v1.31.4+k3s1');
  return text;
}
