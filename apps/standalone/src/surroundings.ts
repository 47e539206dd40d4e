import type { Logger } from 'pino';
import type { Secrets } from '#service/secrets.js';
import type { ServerCertificate } from './parts/authority.js';
import type { DataDir, Ready } from './parts/data-dir.js';
import type { StartPart } from './parts/lifecycle.js';
import type { UpOptions } from './parts/options.js';
import type { Address } from './parts/ports.js';

export interface Surroundings {
  logger: Logger;
  part: StartPart;
  /** Something is at another place, or another process. */
  announce(): void;
}

export interface Database {
  url: string;
  /** Absent for one that somebody else runs; brokers likewise. */
  describe?(): NonNullable<Ready['database']>;
}

export interface Broker {
  /** Where the services reach it, and where agents do. */
  urls: string[];
  publicUrls: string[];
  /** Copies of every message of a stream. */
  streamReplicas: number;
  ca: string | null;
  /** Has it read the certificate again. */
  reload(): void;
  describe?(): NonNullable<Ready['brokers']>;
}

export interface ServiceNeeds {
  options: UpOptions;
  dir: DataDir;
  mark: string;
  secrets: Secrets;
  certificate: ServerCertificate | undefined;
  database: Database;
  broker: Broker;
  http: Address;
  url: string;
}
