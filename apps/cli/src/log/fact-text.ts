import { type Context } from '../context.js';
import { segment } from '../arguments.js';

export interface FactView {
  version: number;
  type: string;
  data: Record<string, unknown>;
  metadata: { actor: string; at: string; commandId: string };
}

/** Of no use to people: hashes and keys for machines. */
const HIDDEN = ['secretHash', 'controlKey', 'natsKey', 'signature'];
/** That nobody is active, or what was emptied, is worth telling. */
const SHOWN_EMPTY = ['active', 'changes'];
/** The facts that name something, and the field of its id. */
const NAMING: Record<string, string> = {
  NetworkCreated: 'networkId',
  NodeEnrolled: 'nodeId',
  ClusterDeclared: 'clusterId',
  GatewayCreated: 'gatewayId',
  ClientCreated: 'clientId',
};

/** Names of what facts call by id, as they are now and as facts told them. */
export class Names {
  readonly #byId = new Map<string, string>();

  learn({ type, data }: Pick<FactView, 'type' | 'data'>): void {
    const field = NAMING[type];
    if (field) this.add(String(data[field]), String(data.name));
  }

  add(id: string, name: string): void {
    if (!this.#byId.has(id)) this.#byId.set(id, name);
  }

  of = (text: string): string => this.#byId.get(text) ?? text;
}

interface Named {
  name: string;
  nodeId?: string;
  clusterId?: string;
  gatewayId?: string;
  clientId?: string;
}

/** Names of what there is in a network now; none where it is gone, as that of a deleted network. */
export async function namesIn({ api }: Context, network: string): Promise<Names> {
  const names = new Names();
  const collections = ['nodes', 'clusters', 'gateways', 'clients'];
  const lists = await Promise.all(
    collections.map((collection) => api.list<Named>(`/networks/${segment(network)}/${collection}`).catch(() => [])),
  );
  for (const { name, nodeId, clusterId, gatewayId, clientId } of lists.flat())
    names.add(nodeId ?? clusterId ?? gatewayId ?? clientId ?? '', name);
  return names;
}

/** What a fact says, as `field=value`, with names instead of ids where they are known. */
export function factText({ type, data }: Pick<FactView, 'type' | 'data'>, names: Names): string {
  const shown = Object.entries(data).filter(
    ([field, value]) =>
      field !== NAMING[type] && !HIDDEN.includes(field) && (!isEmpty(value) || SHOWN_EMPTY.includes(field)),
  );
  return fieldsText(
    shown.sort(([a], [b]) => rank(a) - rank(b)),
    names,
  );
}

/** What a fact is about comes first; the log keeps fields in no order that means something. */
const rank = (field: string) => (field === 'name' ? 0 : field.endsWith('Id') ? 1 : 2);

const fieldsText = (fields: [string, unknown][], names: Names) =>
  fields.map(([field, value]) => `${field.replace(/Id$/, '')}=${valueText(value, names)}`).join(' ');

function valueText(value: unknown, names: Names): string {
  if (typeof value === 'string') return names.of(value);
  if (Array.isArray(value)) return value.map((one) => valueText(one, names)).join(',') || 'none';
  if (typeof value === 'object' && value !== null) return `{${fieldsText(Object.entries(value), names)}}`;
  return value === null ? 'none' : String(value);
}

const isEmpty = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.values(value as object).every(isEmpty));
