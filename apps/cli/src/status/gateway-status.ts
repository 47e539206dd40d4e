import { table } from '../output/render.js';

export interface GatewayStatusView {
  name: string;
  kind: string;
  /** null: nobody serves. */
  active: { name: string } | null;
  members: GatewayMemberView[];
  /** What is left to do outside of Tombolo. */
  needs: string[];
}

interface GatewayMemberView {
  name: string;
  enabled: boolean;
  active: boolean;
  draining: boolean;
  /** Whether it can serve; null: nothing is known. */
  ok: boolean | null;
  detail: string | null;
  /** null: not heard. */
  heardAt: string | null;
}

/** Gateways with a row for each of their nodes, and what they lack. */
export function gatewaysText(gateways: GatewayStatusView[]): string {
  const rows = gateways.flatMap(({ name, kind, members }) =>
    members.map((member, index) => [
      index === 0 ? name : '',
      index === 0 ? kind : '',
      member.name,
      roleOf(member),
      healthOf(member),
      member.heardAt ?? '-',
      member.detail ?? '-',
    ]),
  );
  return [
    table(['gateway', 'kind', 'node', 'role', 'health', 'last heard', 'probe'], rows),
    ...gateways.flatMap(({ name, active }) => (active ? [] : [`nobody serves gateway ${name}`])),
    ...gateways.flatMap(({ name, needs }) => needs.map((need) => `gateway ${name}: ${need}`)),
  ].join('\n');
}

function roleOf({ enabled, active, draining }: GatewayMemberView): string {
  if (!enabled) return 'disabled';
  if (active) return draining ? 'serves, drains' : 'serves';
  return draining ? 'drains' : 'stands by';
}

function healthOf({ ok }: GatewayMemberView): string {
  if (ok === null) return 'unknown';
  return ok ? 'ok' : 'fails';
}
