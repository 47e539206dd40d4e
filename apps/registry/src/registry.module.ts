import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { ApiTokenGuard } from './auth/api-token.guard.js';
import { ApiTokens } from './auth/api-tokens.js';
import { FailedAttempts } from './auth/failed-attempts.js';
import { ClientController } from './clients/client.controller.js';
import { ClusterLinkController } from './cluster-links/cluster-link.controller.js';
import { ClusterController } from './clusters/cluster.controller.js';
import { EnrolmentGate } from './enrolment/enrolment-gate.js';
import { EnrolmentController } from './enrolment/enrolment.controller.js';
import { NodeProofs } from './enrolment/node-proofs.js';
import { NodeSelfController } from './enrolment/node-self.controller.js';
import { EnrolmentKeyController } from './enrolment-keys/enrolment-key.controller.js';
import { EventController } from './events/event.controller.js';
import { EventFeed } from './events/event-feed.js';
import { EventPages } from './events/event-pages.js';
import { GatewayCommands } from './gateways/gateway-commands.js';
import { GatewayController } from './gateways/gateway.controller.js';
import { RelayCommands } from './relays/relay-commands.js';
import { RelayController } from './relays/relay.controller.js';
import { LatencyController } from './latency/latency.controller.js';
import { PairLinks } from './latency/pair-links.js';
import { HealthController } from './health/health.controller.js';
import { ProblemFilter } from './http/problem.filter.js';
import { FieldValidationPipe } from './http/validation.pipe.js';
import { Decisions } from './log/decisions.js';
import { LockController } from './lock/lock.controller.js';
import { LogController } from './log/log.controller.js';
import { NetworkDirectory } from './log/network-directory.js';
import { PointsInTime } from './log/points-in-time.js';
import { RejectedCommands } from './log/rejected-commands.js';
import { StreamHeads } from './log/stream-heads.js';
import { NetworkController } from './networks/network.controller.js';
import { NetworkDeletion } from './networks/network-deletion.js';
import { KeyRotations } from './nodes/key-rotations.js';
import { LoginRevocation } from './nodes/login-revocation.js';
import { NodeController } from './nodes/node.controller.js';
import { NodeExpiry } from './nodes/node-expiry.js';
import { PathController } from './paths/path.controller.js';
import { PlanController } from './plan/plan.controller.js';
import { PublicationController } from './publications/publication.controller.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from './registry.options.js';
import { IngestDesk } from './ingest/ingest-desk.js';
import { SourceController } from './sources/source.controller.js';
import { SourceAdmission } from './sources/source-admission.js';
import { GatewayHealth } from './status/gateway-health.js';
import { PathStatus } from './status/path-status.js';
import { NodeLiveness } from './status/node-liveness.js';
import { StatusController } from './status/status.controller.js';
import { ApiTokenController } from './tokens/api-token.controller.js';
import { TopologyController } from './topology/topology.controller.js';

/** The service that owns networks, nodes, enrolment and tokens, with the HTTP API. Serve it with `createHttpApp`. */
@Module({})
export class RegistryModule {
  static register(options: RegistryOptions): DynamicModule {
    return {
      module: RegistryModule,
      imports: [TerminusModule.forRoot({ logger: false, gracefulShutdownTimeoutMs: 0 })],
      controllers: [
        NetworkController,
        NodeController,
        ClusterController,
        ClusterLinkController,
        GatewayController,
        RelayController,
        ClientController,
        PublicationController,
        EnrolmentKeyController,
        LockController,
        ApiTokenController,
        SourceController,
        EnrolmentController,
        NodeSelfController,
        EventController,
        TopologyController,
        PlanController,
        StatusController,
        LatencyController,
        PathController,
        LogController,
        HealthController,
      ],
      providers: [
        { provide: REGISTRY_OPTIONS, useValue: options },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: FieldValidationPipe },
        // How the log is read and written.
        Decisions,
        StreamHeads,
        NetworkDirectory,
        PointsInTime,
        RejectedCommands,
        // Who may ask.
        ApiTokens,
        ApiTokenGuard,
        FailedAttempts,
        EnrolmentGate,
        NodeProofs,
        // What goes on without being asked.
        NodeLiveness,
        NodeExpiry,
        LoginRevocation,
        KeyRotations,
        IngestDesk,
        SourceAdmission,
        // What the controllers leave to others.
        NetworkDeletion,
        GatewayCommands,
        RelayCommands,
        GatewayHealth,
        PairLinks,
        PathStatus,
        EventFeed,
        EventPages,
      ],
    };
  }
}
