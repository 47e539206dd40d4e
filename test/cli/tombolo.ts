import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { bearerOf, SimulatedNode } from '../support/simulated-node.js';

export const program = 'apps/cli/bin/tombolo.mjs';

export interface Cli {
  environment: NodeJS.ProcessEnv;
  /** Runs the CLI as people do. */
  tombolo(...words: string[]): { code: number | null; out: string; err: string };
  /** The same with `-o json`, which must succeed. */
  json<T>(...words: string[]): T;
}

/** The CLI against a control plane that is found by its data directory. */
export function cliOf(plane: Pick<ControlPlane, 'dir'>): Cli {
  const environment = { ...process.env, TOMBOLO_DATA: join(plane.dir, 'data') };
  const tombolo: Cli['tombolo'] = (...words) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
      env: environment,
      encoding: 'utf8',
    });
    return { code: status, out: stdout.trim(), err: stderr.trim() };
  };
  return {
    environment,
    tombolo,
    json: <T>(...words: string[]) => {
      const { code, out, err } = tombolo(...words, '-o', 'json');
      if (code !== 0) throw new Error(`tombolo ${words.join(' ')} ended with ${code}: ${err}`);
      return JSON.parse(out) as T;
    },
  };
}

/** The CLI for the tests of a file: with a control plane of its own, and in it an archipelago `office` with nodes a, b and c. */
export function officeCli(): Pick<Cli, 'tombolo' | 'json'> {
  let plane: ControlPlane;
  let nodes: SimulatedNode[];
  beforeAll(async () => {
    plane = await startControlPlane();
    cliOf(plane).tombolo('network', 'create', 'office', '--cidr', '10.90.0.0/24', '--model', 'archipelago');
    nodes = await joinNodes(plane, 'office', ['a', 'b', 'c']);
  }, 150_000);
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await plane.remove();
  }, 60_000);
  return { tombolo: (...words) => cliOf(plane).tombolo(...words), json: (...words) => cliOf(plane).json(...words) };
}

/** Nodes without a kernel, enrolled one after another; they follow their streams until they are closed. */
export async function joinNodes(plane: ControlPlane, network: string, names: string[]): Promise<SimulatedNode[]> {
  const key = cliOf(plane).tombolo('key', 'create', '--network', network).out;
  const nodes = names.map((name) => new SimulatedNode(name));
  for (const node of nodes) await node.enrol(plane.http, bearerOf(key));
  return nodes;
}
