import { Refusal } from '#contracts/errors.js';
import type { NodeRecord } from '#contracts/facts.js';
import type { NetworkState } from '#topology/network-state.js';

/** Nodes and clients share the names of a network. @throws Refusal `name_taken` that names the other node or client */
export function refuseNameTaken(name: string, { nodeIdByName, clients }: NetworkState): void {
  const nodeId = nodeIdByName.get(name);
  if (nodeId !== undefined)
    throw new Refusal(
      'name_taken',
      `the name "${name}" is taken by node ${nodeId}; choose another, or remove that node`,
    );
  const client = clients.find((one) => one.name === name);
  if (client)
    throw new Refusal(
      'name_taken',
      `the name "${name}" is taken by client ${client.clientId}; choose another, or revoke that client`,
    );
}

type Keys = Partial<Pick<NodeRecord, 'publicKey' | 'controlKey' | 'natsKey'>>;

/** @throws Refusal `public_key_taken` that names the field and the other node or client */
export function refuseKeysTaken({ publicKey = '', controlKey = '', natsKey = '' }: Keys, state: NetworkState): void {
  const owners: [string, string | undefined][] = [
    ['publicKey', state.nodeIdByPublicKey.get(publicKey)],
    ['controlKey', state.nodeIdByControlKey.get(controlKey)],
    ['natsKey', state.nodeIdByNatsKey.get(natsKey)],
  ];
  for (const [field, nodeId] of owners) {
    if (nodeId === undefined) continue;
    const message = `is in use by node "${state.nodes.get(nodeId)?.name}" (${nodeId})`;
    throw new Refusal('public_key_taken', `${field} ${message}; make new keys, or remove that node`, [
      { field, message },
    ]);
  }
  const client = state.clients.find((one) => one.publicKey === publicKey);
  if (!client) return;
  const message = `is in use by client "${client.name}" (${client.clientId})`;
  throw new Refusal('public_key_taken', `publicKey ${message}; make new keys, or revoke that client`, [
    { field: 'publicKey', message },
  ]);
}
