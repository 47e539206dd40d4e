import { type DynamicModule, Module } from '@nestjs/common';
import { type GatewayManagerOptions } from '../../gateway-manager/src/gateway-manager.options.js';
import { GatewayManagerModule } from '../../gateway-manager/src/gateway-manager.module.js';
import { RegistryModule } from '../../registry/src/registry.module.js';
import type { RegistryOptions } from '../../registry/src/registry.options.js';
import { RelayPlannerModule } from '../../relay-planner/src/relay-planner.module.js';
import type { RelayPlannerOptions } from '../../relay-planner/src/relay-planner.options.js';
import { TopologyPlannerModule } from '../../topology-planner/src/topology-planner.module.js';
import type { TopologyPlannerOptions } from '../../topology-planner/src/topology-planner.options.js';

export interface ControlPlaneOptions {
  registry: RegistryOptions;
  topologyPlanner: TopologyPlannerOptions;
  gatewayManager: GatewayManagerOptions;
  relayPlanner: RelayPlannerOptions;
}

/** All services in one process. */
@Module({})
export class ControlPlaneModule {
  static register(options: ControlPlaneOptions): DynamicModule {
    return {
      module: ControlPlaneModule,
      imports: [
        RegistryModule.register(options.registry),
        TopologyPlannerModule.register(options.topologyPlanner),
        GatewayManagerModule.register(options.gatewayManager),
        RelayPlannerModule.register(options.relayPlanner),
      ],
    };
  }
}
