import { type DynamicModule, Module } from '@nestjs/common';
import { TOPOLOGY_PLANNER_OPTIONS, type TopologyPlannerOptions } from './topology-planner.options.js';
import { TopologyPlannerService } from './topology-planner.service.js';

@Module({})
export class TopologyPlannerModule {
  static register(options: TopologyPlannerOptions): DynamicModule {
    return {
      module: TopologyPlannerModule,
      providers: [{ provide: TOPOLOGY_PLANNER_OPTIONS, useValue: options }, TopologyPlannerService],
      exports: [TopologyPlannerService],
    };
  }
}
