import { type Command, Option } from 'commander';
import { segment } from '../arguments.js';
import { contextOf } from '../context.js';
import { type Column, renderData, renderList } from '../output/render.js';

interface TokenView {
  tokenId: string;
  name: string;
  role: string;
}

const columns: Column<TokenView>[] = [
  ['name', (token) => token.name],
  ['role', (token) => token.role],
  ['id', (token) => token.tokenId],
];

export function tokenCommands(program: Command): void {
  const token = program.command('token').description('API tokens');

  token
    .command('create')
    .argument('<name>')
    .description('create an API token; it is shown once')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(['admin', 'operator', 'viewer']).default('operator'),
    )
    .action(async (name: string, options: { role: string }, command: Command) => {
      const { api, format, print } = contextOf(command);
      const created = await api.post<TokenView & { token: string }>('/tokens', { name, role: options.role });
      print(format === 'table' ? created.token : renderData(format, created));
    });

  token
    .command('list')
    .description('list API tokens')
    .action(async (_options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<TokenView>('/tokens'), columns));
    });

  token
    .command('revoke')
    .argument('<id>')
    .description('revoke an API token')
    .action(async (tokenId: string, _options, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      await confirm(`Revoke token ${tokenId}?`);
      await api.delete(`/tokens/${segment(tokenId)}`);
      print(`token ${tokenId} revoked`);
    });
}
