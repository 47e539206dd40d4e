import { type DynamicModule, Module } from '@nestjs/common';
import { GATEWAY_MANAGER_OPTIONS, type GatewayManagerOptions } from './gateway-manager.options.js';
import { GatewayManagerService } from './gateway-manager.service.js';

@Module({})
export class GatewayManagerModule {
  static register(options: GatewayManagerOptions): DynamicModule {
    return {
      module: GatewayManagerModule,
      providers: [{ provide: GATEWAY_MANAGER_OPTIONS, useValue: options }, GatewayManagerService],
      exports: [GatewayManagerService],
    };
  }
}
