import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../simulation/random.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { type ServiceProcess, startService } from '../support/service-process.js';
import { BadLine } from './bad-line.js';
import { type Door, openDoor } from './door.js';

/** Who gets to the brokers over the same lines. */
export type Party = 'some agents' | 'other agents' | 'services' | 'real agents';
const PARTIES: readonly Party[] = ['some agents', 'other agents', 'services', 'real agents'];

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
    /** For real agents. */
    private readonly entrance: { doors: readonly Door[]; close(): void },
  ) {}

  static async start(): Promise<ChaosPlane> {
    const plane = await startControlPlane({ flags: ['--replicas', '2', '--nats-nodes', '3'] });
    const urls = plane.ready().brokers!.map(({ url }) => url);
    const doors = [plane.http, ...urls].map((url) => ({
      port: portOf(url),
      path: join(plane.dir, `${portOf(url)}.sock`),
    }));
    const [apiDoor, ...brokerDoors] = doors as [Door, ...Door[]];
    const opened = await Promise.all(
      PARTIES.map((party, n) => {
        const pathOf = (i: number) => (party === 'real agents' ? brokerDoors[i]!.path : undefined);
        return Promise.all(urls.map((url, i) => BadLine.open(url, new Random(n * 10 + i), pathOf(i))));
      }),
    );
    const lines = Object.fromEntries(PARTIES.map((party, n) => [party, opened[n]])) as Record<Party, BadLine[]>;
    const surroundings = {
      databaseUrl: databaseUrl(plane),
      natsUrl: lines.services.map(({ url }) => url).join(','),
      keysDir: join(plane.dir, 'data', 'keys'),
      streamReplicas: urls.length,
    };
    const names = ['registry', 'topology-planner', 'gateway-manager', 'relay-planner'];
    const logs = join(plane.dir, 'data', 'logs');
    const remote = await Promise.all(
      names.map((name) => startService(name, { ...surroundings, logFile: join(logs, `${name}-remote.log`) })),
    );
    return new ChaosPlane(plane, lines, remote, { doors, close: await openDoor(apiDoor) });
  }

  /** By which real agents get to the control plane: to its API, and over their lines to the brokers. */
  get doors(): readonly Door[] {
    return this.entrance.doors;
  }

  /** The same brokers, over a party's lines. */
  over(party: Party, urls: string[]): string[] {
    return urls.map((url) => this.lines[party].find(({ target }) => target === url)?.url ?? url);
  }

  /** The registry behind lines. */
  get remoteHttp(): string {
    return this.remote[0]!.url;
  }

  /** What is wrong with which service; empty when all are ready. */
  async unready(): Promise<string[]> {
    const services = [
      ...this.plane.ready().services!.map(({ name, replica, health }) => ({ name: `${name} ${replica}`, health })),
      ...this.remote.map(({ url }) => ({ name: `the one at ${url}`, health: url })),
    ];
    const verdicts = await Promise.all(services.map(async ({ name, health }) => [name, await verdict(health)]));
    return verdicts.flatMap(([name, problem]) => (problem ? [`${name}: ${problem}`] : []));
  }

  /** Services that ended though nobody ended them, those behind lines too. */
  broken(): string[] {
    return [...this.plane.broken, ...this.remote.flatMap((service) => service.ended() ?? [])];
  }

  pids(): number[] {
    return [...this.plane.ready().services!, ...this.remote].map(({ pid }) => pid);
  }

  /** Ends all of it; logs and data stay unless they are removed. */
  async end({ remove }: { remove: boolean }): Promise<void> {
    this.entrance.close();
    await Promise.all(this.remote.map((service) => service.end('SIGKILL')));
    await (remove ? this.plane.remove() : this.plane.end('SIGTERM'));
    await Promise.all(PARTIES.flatMap((party) => this.lines[party].map((line) => line.close())));
  }
}

const portOf = (url: string) => Number(new URL(url).port);

async function verdict(health: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${health}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok ? undefined : `${answer.status} ${await answer.text()}`;
  } catch (error) {
    return String(error);
  }
}

export function databaseUrl({ dir, ready }: ControlPlane): string {
  const { host, port } = ready().database!;
  const password = readFileSync(join(dir, 'data', 'keys', 'postgres-password'), 'utf8').trim();
  return `postgres://tombolo:${encodeURIComponent(password)}@${host}:${port}/tombolo`;
}
