import type { GatewayHealthReply, GatewayMemberHealth } from '#contracts/gateway-commands.js';
import type { WatchedGateway } from '../election/gateway-watch.js';
import { conditionOf, type MemberHealth } from '../election/member-health.js';

/** What a replica has heard, in the time of people. @param listened its listening clock, @param wall the wall clock, both now */
export function gatewayHealth(
  gateways: readonly WatchedGateway[],
  { listened, wall }: { listened: number; wall: Date },
): GatewayHealthReply {
  const member = ([nodeId, health]: [string, MemberHealth]): GatewayMemberHealth => {
    const { heardAt, handshakeAt } = health;
    const condition = conditionOf(health, listened);
    return {
      nodeId,
      heardAt: heardAt === null ? null : new Date(wall.getTime() - (listened - heardAt)).toISOString(),
      ok: condition === 'unknown' ? null : condition === 'good',
      detail: detailOf(health, condition),
      handshakeAge: handshakeAt === null ? null : Math.round((listened - handshakeAt) / 1_000),
    };
  };
  return {
    gateways: gateways
      .map(({ gatewayId, health }) => ({ gatewayId, members: [...health].map(member) }))
      .sort((a, b) => (a.gatewayId < b.gatewayId ? -1 : 1)),
  };
}

function detailOf({ detail, heardAt }: MemberHealth, condition: ReturnType<typeof conditionOf>): string {
  if (heardAt === null) return 'not heard yet';
  return condition === 'silent' ? `silent; said before: ${detail}` : detail;
}
