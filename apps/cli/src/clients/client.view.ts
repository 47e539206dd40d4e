import type { Column } from '../output/render.js';

export interface ClientView {
  clientId: string;
  name: string;
  publicKey: string;
  addresses: string[];
  gateway: { gatewayId: string; name: string };
  allowed: string[];
  createdAt: string;
  version: number;
}

export const clientColumns: Column<ClientView>[] = [
  ['name', (client) => client.name],
  ['addresses', (client) => client.addresses.join(' ')],
  ['gateway', (client) => client.gateway.name],
  ['may reach', (client) => client.allowed.join(' ')],
];

export const clientDetails: Column<ClientView>[] = [
  ...clientColumns,
  ['public key', (client) => client.publicKey],
  ['created', (client) => client.createdAt],
  ['id', (client) => client.clientId],
  ['version', (client) => client.version],
];
