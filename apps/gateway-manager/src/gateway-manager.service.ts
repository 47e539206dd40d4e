import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { GATEWAY_MANAGER_OPTIONS, type GatewayManagerOptions } from './gateway-manager.options.js';

/** Owner of gateways, external clients and virtual ranges: follows every network and answers commands on its subjects. */
@Injectable()
export class GatewayManagerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #endCommands: (() => Promise<void>) | undefined;

  constructor(@Inject(GATEWAY_MANAGER_OPTIONS) private readonly options: GatewayManagerOptions) {}

  onApplicationBootstrap(): void {
    this.#endCommands = this.options.serveCommand('describe', async () => this.describe());
  }

  /** What this replica follows, and how far. */
  describe(): { service: 'gateway-manager'; replica: string; networks: Record<string, number> } {
    const { replica, networks } = this.options;
    const versions = [...networks.states].map(([network, { version }]) => [network, version] as const);
    return { service: 'gateway-manager', replica, networks: Object.fromEntries(versions) };
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#endCommands?.();
  }
}
