import type { Map } from 'immutable';
import { Refusal } from '#contracts/errors.js';
import { networkOf } from '#topology/lookup.js';
import type { NetworkState } from '#topology/network-state.js';

type Collection = 'clients' | 'clusters' | 'gateways';

/** Finds one of what a network has, by name or id. @throws Refusal not_found */
export function findNamed<Item extends { name: string }>(
  state: NetworkState,
  collection: Collection,
  items: Map<string, Item>,
  nameOrId: string,
): Item {
  const found = items.find(({ name }) => name === nameOrId) ?? items.get(nameOrId);
  if (!found) throw notFound(state, collection, nameOrId);
  return found;
}

/** @throws Refusal not_found when there is no network either */
export function notFound(state: NetworkState, collection: Collection | 'nodes', nameOrId: string): Refusal {
  const { name } = networkOf(state);
  const one = collection.slice(0, -1);
  return new Refusal(
    'not_found',
    `Network "${name}" has no ${one} "${nameOrId}". GET /api/v1/networks/${name}/${collection} lists those there are.`,
  );
}
