import { segment } from '../arguments.js';
import type { ApiClient } from '../server/api-client.js';
import type { Place } from './place.js';

/** Arguments and options that take a name, and the collection of a network that has it. */
const COLLECTIONS: Record<string, string> = {
  node: 'nodes',
  cluster: 'clusters',
  gateway: 'gateways',
  client: 'clients',
  '--node': 'nodes',
  '--user-node': 'nodes',
  '--cluster': 'clusters',
  '--gateway': 'gateways',
  '--user-client': 'clients',
};

/** Names that may stand at a place, as the server knows them. */
export async function namesAt(place: Place, api: Pick<ApiClient, 'list'>): Promise<string[]> {
  const { command, given, option, typed } = place;
  const wanted = option ? (option.long ?? '') : (command.registeredArguments[given.length]?.name() ?? '');
  if (wanted === 'network' || wanted === '--network') return networks(api);
  const [first, second] = wanted.split('/');
  if (first === 'network' && second !== undefined) {
    const [network, name] = typed.split('/');
    if (name === undefined || command.name() === 'create') return (await networks(api)).map((one) => `${one}/`);
    return (await names(api, network, COLLECTIONS[second])).map((one) => `${network}/${one}`);
  }
  return names(api, networkOf(place), COLLECTIONS[wanted]);
}

const networkOf = ({ given, values }: Place) => given[0]?.split('/')[0] ?? values['--network'];

const networks = async (api: Pick<ApiClient, 'list'>) =>
  (await api.list<{ name: string }>('/networks')).map(({ name }) => name);

async function names(api: Pick<ApiClient, 'list'>, network?: string, collection?: string): Promise<string[]> {
  if (!network || !collection) return [];
  return (await api.list<{ name: string }>(`/networks/${segment(network)}/${collection}`)).map(({ name }) => name);
}
