import { type Rule } from './contribution.js';

/** Every member of a gateway proves that what is behind it answers, or gives a sign of life. */
export const probes: Rule = (around, { nodeId }) =>
  around.gateways
    .filter(({ members }) => members.includes(nodeId))
    .map(({ gatewayId, probe }) => ({
      resources: [{ name: `probe/${gatewayId}`, address: probe?.address ?? null, port: probe?.port ?? null }],
    }));
