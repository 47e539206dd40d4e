import type { Family } from '#ipam/address.js';
import { tableName } from './firewall/firewall.js';
import { firewallDigest, renderFirewall } from './firewall/render-firewall.js';
import { routingNumbers, ruleArguments } from './full-tunnel.js';
import type { Operation, PeerSet } from './operation.js';
import { ROUTE_PROTOCOL } from './protocol.js';

/** One call of a tool. `operations` are the ones it carries out, line by line for `ip`. */
export type Command =
  | { tool: 'wg'; args: string[]; operations: Operation[] }
  /** `wg addconf IF FILE`: the file's text. */
  | { tool: 'wg-addconf'; config: string; operations: Operation[] }
  /** `family` where the lines do not tell it. */
  | { tool: 'ip'; batch: string; family?: Family; operations: Operation[] }
  /** `nft -f -`. `digest`: what the table is then sealed with; null: it is gone. */
  | { tool: 'nft'; script: string; digest: string | null; operations: Operation[] }
  | { tool: 'sysctl'; operations: Operation[] };

export interface RenderTarget {
  interfaceName: string;
  /** 0600; `wg` reads the key itself, so it is in no argument list. */
  privateKeyFile: string;
}

/**
 * Limits of one exec(2) on Linux: 2 MB of arguments in all, 128 KB each. 10,000 peers fit into one call, 15,000 do not.
 */
const MAX_PEERS = 5_000;
const MAX_BYTES = 1_000_000;
const MAX_LIST_BYTES = 100_000;

/** Public key of no one (SHA-256 of "tombolo: nobody"): takes prefixes that shall vanish, and vanishes with them. */
export const NOBODY = 'v0U4DIXPx/rQsSvszX47kjtsedvi+rSAQEiANpDgEQU=';

/** Groups consecutive operations of one tool into as few calls as the kernel's limits allow; mostly one of each. */
export function renderCommands(operations: readonly Operation[], target: RenderTarget): Command[] {
  const commands: Command[] = [];
  let room = { peers: 0, bytes: 0 };
  for (const operation of operations) {
    const last = commands.at(-1);
    const line = ipLine(operation, target.interfaceName);
    if (line !== undefined) {
      const family = familyOf(operation);
      if (last?.tool === 'ip' && last.family === family) {
        last.batch += `${line}\n`;
        last.operations.push(operation);
      } else commands.push({ tool: 'ip', batch: `${line}\n`, ...(family && { family }), operations: [operation] });
      continue;
    }
    const other = otherCommand(operation, target.interfaceName);
    if (other) {
      commands.push(other);
      continue;
    }
    if (operation.kind === 'peer-set' && isHuge(operation)) {
      commands.push({ tool: 'wg-addconf', config: addconfText(operation), operations: [operation] });
      continue;
    }
    const clause = wgClause(operation, target);
    const bytes = clause.reduce((sum, argument) => sum + argument.length + 1, 0);
    if (last?.tool === 'wg' && room.peers > 0 && room.bytes >= bytes) {
      last.args.push(...clause);
      last.operations.push(operation);
    } else {
      commands.push({ tool: 'wg', args: ['set', target.interfaceName, ...clause], operations: [operation] });
      room = { peers: MAX_PEERS, bytes: MAX_BYTES };
    }
    room = { peers: room.peers - 1, bytes: room.bytes - bytes };
  }
  return commands;
}

function wgClause(operation: Operation, target: RenderTarget): string[] {
  switch (operation.kind) {
    case 'private-key':
      return ['private-key', target.privateKeyFile];
    case 'listen-port':
      return ['listen-port', String(operation.port)];
    case 'fwmark':
      return ['fwmark', String(operation.mark)];
    case 'peer-set':
      return ['peer', operation.publicKey, ...peerSettings(operation)];
    case 'prefix-drop':
      return ['peer', NOBODY, 'allowed-ips', operation.prefixes.join(','), 'peer', NOBODY, 'remove'];
    case 'peer-remove':
      return ['peer', operation.publicKey, 'remove'];
    default:
      throw new Error(`operation ${operation.kind} is not one of wg`);
  }
}

function peerSettings(peer: PeerSet): string[] {
  const settings: string[] = [];
  if (peer.clearPresharedKey) settings.push('preshared-key', '/dev/null');
  if (peer.endpoint !== undefined) settings.push('endpoint', peer.endpoint);
  if (peer.keepalive !== undefined) settings.push('persistent-keepalive', String(peer.keepalive));
  if (peer.allowedIps !== undefined) settings.push('allowed-ips', peer.allowedIps.join(','));
  return settings;
}

const isHuge = (peer: PeerSet) =>
  (peer.allowedIps ?? []).reduce((sum, prefix) => sum + prefix.length + 1, 0) > MAX_LIST_BYTES;

function addconfText(peer: PeerSet): string {
  const lines = ['[Peer]', `PublicKey = ${peer.publicKey}`];
  if (peer.clearPresharedKey) lines.push(`PresharedKey = ${'A'.repeat(43)}=`);
  if (peer.endpoint !== undefined) lines.push(`Endpoint = ${peer.endpoint}`);
  if (peer.keepalive !== undefined) lines.push(`PersistentKeepalive = ${peer.keepalive}`);
  lines.push(`AllowedIPs = ${peer.allowedIps?.join(', ') ?? ''}`);
  return `${lines.join('\n')}\n`;
}

/** @returns undefined for an operation that is not one of ip */
function ipLine(operation: Operation, name: string): string | undefined {
  switch (operation.kind) {
    case 'address-add':
      return `address add ${operation.address} dev ${name}`;
    case 'address-delete':
      return `address delete ${operation.address} dev ${name}`;
    case 'mtu':
      return `link set dev ${name} mtu ${operation.mtu}`;
    case 'link-up':
      return `link set dev ${name} up`;
    case 'route-add':
      // Never "replace" where the prefix is not ours: it would take over a route of another interface.
      return `route ${operation.replace ? 'replace' : 'add'} ${operation.cidr} dev ${name} proto ${ROUTE_PROTOCOL}`;
    case 'route-delete':
      return `route delete ${operation.cidr} dev ${name} proto ${ROUTE_PROTOCOL}`;
    case 'tunnel-route-add':
      return `route replace ${operation.cidr} dev ${name} table ${routingNumbers(name).table} proto ${ROUTE_PROTOCOL}`;
    case 'tunnel-route-delete':
      return `route delete ${operation.cidr} dev ${name} table ${routingNumbers(name).table}`;
    case 'rule-add':
      return `rule add ${ruleArguments(operation.rule, name, ROUTE_PROTOCOL)}`;
    case 'rule-delete':
      return `rule delete ${ruleArguments(operation.rule, name, ROUTE_PROTOCOL)}`;
    default:
      return undefined;
  }
}

const familyOf = (operation: Operation) => ('rule' in operation ? operation.rule.family : undefined);

function otherCommand(operation: Operation, name: string): Command | undefined {
  const operations = [operation];
  switch (operation.kind) {
    case 'firewall-set': {
      const { firewall, counters } = operation;
      return { tool: 'nft', script: renderFirewall(firewall, counters), digest: firewallDigest(firewall), operations };
    }
    case 'firewall-remove':
      return { tool: 'nft', script: `delete table inet ${tableName(name)}\n`, digest: null, operations };
    case 'sysctl-set':
    case 'sysctl-restore':
      return { tool: 'sysctl', operations };
    default:
      return undefined;
  }
}
