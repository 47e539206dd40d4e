import { type Command, Option } from 'commander';
import { networkAndName, segment, type Target } from '../arguments.js';
import { type Context, contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { renderData, renderList } from '../output/render.js';
import { linkColumns, linkText, type LinkView } from './cluster-link.view.js';

const linksOf = (network: string) => `/networks/${segment(network)}/cluster-links`;

export function clusterLinkCommands(cluster: Command): void {
  cluster
    .command('link')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .argument('<cluster>', 'the other one, of the same network')
    .description('let the pods and services of two clusters reach each other')
    .addOption(
      new Option('--on-overlap <what>', 'ranges that overlap: give them virtual ones, or refuse the link')
        .choices(['assign', 'refuse'])
        .default('assign'),
    )
    .action(async (target: Target, other: string, { onOverlap }: { onOverlap: string }, command: Command) => {
      const { api, format, print } = contextOf(command);
      const ends = { a: target.name, b: nameOf(other, target.network) };
      const link = await api.post<LinkView>(linksOf(target.network), { ...ends, onOverlap });
      print(format === 'table' ? linkText(link) : renderData(format, link));
    });

  cluster
    .command('unlink')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .argument('<cluster>', 'the other one')
    .description('end a link; a cluster without any gives its virtual ranges back')
    .action(async (target: Target, other: string, _options: object, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      const name = nameOf(other, target.network);
      const { linkId } = await linkBetween(api, target, name);
      await confirm(`Unlink clusters ${target.name} and ${name}?`);
      await api.delete(`${linksOf(target.network)}/${linkId}`);
      print(`clusters ${target.name} and ${name} are no longer linked`);
    });

  cluster
    .command('links')
    .argument('<network>')
    .description('list the links, and the ranges that each side sees of the other')
    .action(async (network: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<LinkView>(linksOf(network)), linkColumns));
    });
}

/** The other cluster may be written with its network, as the first one is. */
function nameOf(text: string, network: string): string {
  if (!text.includes('/')) return text;
  const target = networkAndName(text);
  if (target.network !== network)
    throw new CommandFailed(EXIT.usage, `a link stays in one network: ${text} is not in ${network}`);
  return target.name;
}

async function linkBetween(api: Context['api'], { network, name }: Target, other: string): Promise<LinkView> {
  const links = await api.list<LinkView>(linksOf(network));
  const isOne = (end: LinkView['a'], wanted: string) => end.name === wanted || end.clusterId === wanted;
  const link = links.find(({ a, b }) => (isOne(a, name) && isOne(b, other)) || (isOne(a, other) && isOne(b, name)));
  if (!link) throw new CommandFailed(EXIT.notFound, `network ${network} has no link between ${name} and ${other}`);
  return link;
}
