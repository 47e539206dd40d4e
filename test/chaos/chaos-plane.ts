import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../simulation/random.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { type ServiceProcess, startService } from '../support/service-process.js';
import { BadLine } from './bad-line.js';

/** Who gets to the brokers over the same lines. */
export type Party = 'some agents' | 'other agents' | 'services';
const PARTIES: readonly Party[] = ['some agents', 'other agents', 'services'];

/**
 * What schedules run on: a control plane with two replicas of everything and three NATS servers; a third replica of every
 * service, and all agents and sources, get to the brokers over lines that can be bad.
 */
export class ChaosPlane {
  private constructor(
    readonly plane: ControlPlane,
    readonly lines: Readonly<Record<Party, readonly BadLine[]>>,
    /** Those behind lines; nobody starts them again. */
    readonly remote: readonly ServiceProcess[],
  ) {}

  static async start(): Promise<ChaosPlane> {
    const plane = await startControlPlane({ flags: ['--replicas', '2', '--nats-nodes', '3'] });
    const urls = plane.ready().brokers!.map(({ url }) => url);
    const opened = await Promise.all(
      PARTIES.map((_, n) => Promise.all(urls.map((url, i) => BadLine.open(url, new Random(n * 10 + i))))),
    );
    const lines = Object.fromEntries(PARTIES.map((party, n) => [party, opened[n]])) as Record<Party, BadLine[]>;
    const surroundings = {
      databaseUrl: databaseUrl(plane),
      natsUrl: lines.services.map(({ url }) => url).join(','),
      keysDir: join(plane.dir, 'data', 'keys'),
      streamReplicas: urls.length,
    };
    const names = ['registry', 'topology-planner', 'gateway-manager', 'relay-planner'];
    const remote = await Promise.all(names.map((name) => startService(name, surroundings)));
    return new ChaosPlane(plane, lines, remote);
  }

  /** The same brokers, over a party's lines. */
  over(party: Party, urls: string[]): string[] {
    return urls.map((url) => this.lines[party].find(({ target }) => target === url)?.url ?? url);
  }

  /** The registry behind lines. */
  get remoteHttp(): string {
    return this.remote[0]!.url;
  }

  /** Base URLs of every service's own health. */
  health(): string[] {
    return [...this.plane.ready().services!.map(({ health }) => health), ...this.remote.map(({ url }) => url)];
  }

  pids(): number[] {
    return [...this.plane.ready().services!, ...this.remote].map(({ pid }) => pid);
  }

  /** Ends all of it; logs and data stay unless they are removed. */
  async end({ remove }: { remove: boolean }): Promise<void> {
    await Promise.all(this.remote.map((service) => service.end('SIGKILL')));
    await (remove ? this.plane.remove() : this.plane.end('SIGTERM'));
    await Promise.all(PARTIES.flatMap((party) => this.lines[party].map((line) => line.close())));
  }
}

export function databaseUrl({ dir, ready }: ControlPlane): string {
  const { host, port } = ready().database!;
  const password = readFileSync(join(dir, 'data', 'keys', 'postgres-password'), 'utf8').trim();
  return `postgres://tombolo:${encodeURIComponent(password)}@${host}:${port}/tombolo`;
}
