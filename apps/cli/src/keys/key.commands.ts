import type { Command } from 'commander';
import { duration, label, segment, wholeNumber } from '../arguments.js';
import { contextOf } from '../context.js';
import { type Column, labelsText, renderData, renderList } from '../output/render.js';

export interface KeyView {
  keyId: string;
  uses: number | null;
  used: number;
  expiresAt: string | null;
  revoked: boolean;
  ephemeralTtl: number | null;
  labels: Record<string, string>;
  site: string | null;
  version: number;
}

const columns: Column<KeyView>[] = [
  ['key', (key) => key.keyId],
  ['used', (key) => `${key.used} of ${key.uses ?? 'any'}`],
  ['expires', (key) => key.expiresAt],
  ['state', (key) => (key.revoked ? 'revoked' : 'valid')],
  ['ephemeral', (key) => (key.ephemeralTtl === null ? null : `${key.ephemeralTtl} s`)],
  ['site', (key) => key.site],
  ['labels', (key) => labelsText(key.labels)],
];

interface CreateOptions {
  network: string;
  uses?: number;
  expires?: number;
  ephemeral?: boolean;
  ttl?: number;
  label?: Record<string, string>;
  site?: string;
}

export function keyCommands(program: Command): void {
  const key = program.command('key').description('enrolment keys: what lets a node join');

  key
    .command('create')
    .description('create a key; prints the one string that a node needs to join')
    .requiredOption('--network <name>', 'network that nodes join with it')
    .option('--uses <n>', 'enrolments it admits (default: any number)', wholeNumber)
    .option('--expires <duration>', 'for instance 24h (default: 24h)', duration)
    .option('--ephemeral', 'nodes are removed when they have been silent for the TTL')
    .option('--ttl <duration>', 'silence after which an ephemeral node is removed (default 15m)', duration)
    .option('--label <key=value>', 'label of every node that joins with it (repeatable)', label)
    .option('--site <site>', 'site of every node that joins with it')
    .action(async (options: CreateOptions, command: Command) => {
      const { api, format, print } = contextOf(command);
      const created = await api.post<KeyView & { token: string }>(
        `/networks/${segment(options.network)}/enrollment-keys`,
        {
          ...(options.uses !== undefined && { uses: options.uses }),
          ...(options.expires !== undefined && { expiresIn: options.expires }),
          ...((options.ephemeral || options.ttl !== undefined) && { ephemeralTtl: options.ttl ?? 900 }),
          ...(options.label && { labels: options.label }),
          ...(options.site && { site: options.site }),
        },
      );
      print(format === 'table' ? created.token : renderData(format, created));
    });

  key
    .command('list')
    .description('list the keys of a network')
    .requiredOption('--network <name>', 'network')
    .action(async (options: { network: string }, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(
        renderList(format, await api.list<KeyView>(`/networks/${segment(options.network)}/enrollment-keys`), columns),
      );
    });

  key
    .command('revoke')
    .argument('<key>', 'id of the key')
    .description('revoke a key: nobody joins with it any more; nodes that joined stay')
    .requiredOption('--network <name>', 'network')
    .action(async (keyId: string, options: { network: string }, command: Command) => {
      const { api, print } = contextOf(command);
      await api.delete(`/networks/${segment(options.network)}/enrollment-keys/${segment(keyId)}`);
      print(`key ${keyId} revoked`);
    });
}
