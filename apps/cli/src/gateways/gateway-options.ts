import { CommandFailed, EXIT } from '../exit-codes.js';

export interface GatewayOptions {
  kind: string;
  node: string[];
  range?: string[];
  masquerade?: boolean;
  probe?: { address: string; port?: number } | 'none';
  cluster?: string;
  userNode?: string[];
  userClient?: string[];
}

/** The body of a new gateway. @throws CommandFailed for options that do not go with its kind */
export function newGateway(name: string, options: GatewayOptions): Record<string, unknown> {
  const wrong = mismatch(options);
  if (wrong) throw new CommandFailed(EXIT.usage, wrong);
  const { kind, node, range, masquerade, probe, cluster } = options;
  const users = usersOf(options);
  return {
    name,
    kind,
    nodes: node,
    ...(range && { ranges: range }),
    ...(masquerade !== undefined && { masquerade }),
    ...(probe && { probe: probeOf(probe) }),
    ...(cluster !== undefined && { cluster }),
    ...(users && { users }),
  };
}

/** As the API takes it: null is none. */
export const probeOf = (probe: NonNullable<GatewayOptions['probe']>) => (probe === 'none' ? null : probe);

/** Users as far as they were given; `''` names nobody. */
export function usersOf({ userNode, userClient }: Pick<GatewayOptions, 'userNode' | 'userClient'>) {
  if (!userNode && !userClient) return undefined;
  return {
    ...(userNode && { nodes: userNode.filter(Boolean) }),
    ...(userClient && { clients: userClient.filter(Boolean) }),
  };
}

/** What can be seen without asking the server: options of another kind, and a node named twice. */
function mismatch({ kind, node, range, probe, cluster, userNode, userClient }: GatewayOptions): string | undefined {
  const belongs = (option: string, to: string) => `--${option} belongs to --kind ${to}, not to --kind ${kind}`;
  const twice = node.find((name, index) => node.indexOf(name) !== index);
  if (twice !== undefined) return `--node ${twice} is there twice; name each node once, the preferred one first`;
  if (kind === 'egress' && !range) return '--kind egress needs --range: the private range behind the nodes';
  if (kind === 'cluster' && cluster === undefined) return '--kind cluster needs --cluster: whose door it is';
  if (kind !== 'egress' && range) return belongs('range', 'egress');
  if (kind !== 'cluster' && cluster !== undefined) return belongs('cluster', 'cluster');
  if (kind !== 'internet' && userNode) return belongs('user-node', 'internet');
  if (kind !== 'internet' && userClient) return belongs('user-client', 'internet');
  if (kind === 'ingress' && probe && probe !== 'none')
    return '--probe: a gateway of --kind ingress has no range behind it to try';
  return undefined;
}
