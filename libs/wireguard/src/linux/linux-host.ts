import { existsSync } from 'node:fs';
import type { Family } from '#ipam/address.js';
import { ruleArguments, type RoutingRule } from '../core/full-tunnel.js';
import type { ObservedDevice } from '../core/observed-device.js';
import type { Operation } from '../core/operation.js';
import { parseIpRules } from '../core/parse-ip-json.js';
import { ROUTE_PROTOCOL } from '../core/protocol.js';
import { LinuxFirewall } from './linux-firewall.js';
import { LinuxSysctls } from './linux-sysctls.js';
import { runTool, ToolError } from './run-tool.js';

/** False where IPv6 is not compiled in or switched off at boot. */
export const kernelHasIpv6 = (): boolean => existsSync('/proc/net/if_inet6');
/** Those that this kernel has. */
export const families = (): Family[] => (kernelHasIpv6() ? [4, 6] : [4]);

/** What one of our interfaces needs of the machine beside itself: routing rules, our table, settings. */
export class LinuxHost {
  readonly firewall: LinuxFirewall;
  readonly #sysctls: LinuxSysctls;

  constructor(
    stateDir: string,
    private readonly interfaceName: string,
  ) {
    this.firewall = new LinuxFirewall(interfaceName);
    this.#sysctls = new LinuxSysctls(stateDir, interfaceName);
  }

  async observe(): Promise<Pick<ObservedDevice, 'rules' | 'firewall' | 'sysctls' | 'changedSysctls'>> {
    const [rules, firewall, sysctls, changedSysctls] = await Promise.all([
      this.#rules(),
      this.firewall.read(),
      this.#sysctls.read(),
      this.#sysctls.changed(),
    ]);
    return { rules, firewall, sysctls, changedSysctls };
  }

  async applySysctls(operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) {
      if (operation.kind === 'sysctl-set') await this.#sysctls.set(operation.key, operation.value);
      if (operation.kind === 'sysctl-restore') await this.#sysctls.restore(operation.key);
    }
  }

  /** First of what is removed: from then on nothing is sent into the tunnel that did not name it. */
  async removeRules(): Promise<void> {
    for (const rule of (await this.#rules()).toReversed()) {
      const rest = ruleArguments(rule, this.interfaceName, ROUTE_PROTOCOL).split(' ');
      await runTool('ip', [`-${rule.family}`, 'rule', 'delete', ...rest]);
    }
  }

  /** Last of what is removed: as long as the machine forwards, the filter is there. */
  async restore(): Promise<void> {
    await this.#sysctls.restoreAll();
    await this.firewall.remove();
  }

  async #rules(): Promise<RoutingRule[]> {
    return (await Promise.all(families().map((family) => this.#rulesOf(family)))).flat();
  }

  async #rulesOf(family: Family): Promise<RoutingRule[]> {
    try {
      const text = await runTool('ip', ['-N', '-json', `-${family}`, 'rule', 'show']);
      return parseIpRules(text, family, this.interfaceName);
    } catch (error) {
      // A kernel without routing rules has none of ours.
      if (error instanceof ToolError && error.says(/not supported/i)) return [];
      throw error;
    }
  }
}
