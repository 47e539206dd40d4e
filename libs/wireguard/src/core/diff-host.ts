import type { DesiredDevice } from './desired-device.js';
import { firewallDigest } from './firewall/render-firewall.js';
import { ruleText, type RoutingRule } from './full-tunnel.js';
import { missing } from './missing.js';
import type { ObservedDevice } from './observed-device.js';
import type { Operation } from './operation.js';
import { SYSCTL_KEYS, sysctlName, type SysctlKey } from './sysctls.js';

/** What is needed beside the interface, before and while traffic comes: translation and filter; then forwarding. */
export function newHostSteps(
  desired: DesiredDevice,
  observed: ObservedDevice,
): { firewall: Operation[]; forwarding: Operation[] } {
  return { firewall: newFirewall(desired, observed), forwarding: newSysctls(desired, observed) };
}

/** The full tunnel, then what is no longer needed: the last to send anything goes first, what it was judged by last. */
export function laterHostSteps(
  { fwmark, fullTunnel, ...desired }: DesiredDevice,
  observed: ObservedDevice,
): Operation[] {
  const newRules = without(fullTunnel.rules, observed.rules);
  const oldRules = without(observed.rules, fullTunnel.rules);
  return [
    ...missing(fullTunnel.routes, observed.tunnelRoutes).map((cidr): Operation => {
      return { kind: 'tunnel-route-add', cidr, reason: `route ${cidr} of the full tunnel is missing` };
    }),
    ...newRules.map((rule): Operation => {
      return { kind: 'rule-add', rule, reason: `routing rule ${ruleText(rule)} is missing` };
    }),
    // The other way round than they came: while "tunnel" is there, so is what keeps the control plane outside.
    ...oldRules.toReversed().map((rule): Operation => {
      return { kind: 'rule-delete', rule, reason: `routing rule ${ruleText(rule)} is not in the set` };
    }),
    ...missing(observed.tunnelRoutes, fullTunnel.routes).map((cidr): Operation => {
      return { kind: 'tunnel-route-delete', cidr, reason: `route ${cidr} of the full tunnel is not in the set` };
    }),
    ...(fwmark === 0 && observed.fwmark !== 0
      ? [{ kind: 'fwmark', mark: 0, reason: `the tunnel's packets have mark ${observed.fwmark}` } as const]
      : []),
    ...observed.changedSysctls
      .filter((key) => desired.sysctls[key] === undefined)
      .map((key): Operation => {
        return { kind: 'sysctl-restore', key, reason: `${sysctlName(key, 'the interface')} is no longer needed` };
      }),
    ...(observed.firewall && !desired.firewall
      ? [{ kind: 'firewall-remove', reason: 'translation and filter are not in the set' } as const]
      : []),
  ];
}

function newFirewall({ firewall }: DesiredDevice, observed: ObservedDevice): Operation[] {
  if (!firewall) return [];
  const held = observed.firewall;
  if (held?.digest === firewallDigest(firewall)) return [];
  const reason = !held
    ? 'the table for translation and filter is missing'
    : held.digest === null
      ? 'the table for translation and filter was changed by another hand'
      : 'translation and filter differ from the set';
  return [{ kind: 'firewall-set', firewall, counters: held?.counters ?? {}, reason }];
}

function newSysctls({ sysctls }: DesiredDevice, observed: ObservedDevice): Operation[] {
  return SYSCTL_KEYS.flatMap((key: SysctlKey): Operation[] => {
    const value = sysctls[key];
    const held = observed.sysctls[key];
    if (value === undefined || held === null || held === value) return [];
    const reason = `${sysctlName(key, 'the interface')} is ${held} instead of ${value}`;
    return [{ kind: 'sysctl-set', key, value, reason }];
  });
}

function without(rules: readonly RoutingRule[], others: readonly RoutingRule[]): RoutingRule[] {
  const excluded = new Set(others.map((rule) => JSON.stringify(rule)));
  return rules.filter((rule) => !excluded.has(JSON.stringify(rule)));
}
