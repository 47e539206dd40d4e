import { type DynamicModule, Module } from '@nestjs/common';
import { RELAY_PLANNER_OPTIONS, type RelayPlannerOptions } from './relay-planner.options.js';
import { RelayPlannerService } from './relay-planner.service.js';

@Module({})
export class RelayPlannerModule {
  static register(options: RelayPlannerOptions): DynamicModule {
    return {
      module: RelayPlannerModule,
      providers: [{ provide: RELAY_PLANNER_OPTIONS, useValue: options }, RelayPlannerService],
      exports: [RelayPlannerService],
    };
  }
}
