import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { ControlPlane } from '../support/control-plane.js';
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

/** Nodes without a kernel, enrolled one after another; they follow their streams until they are closed. */
export async function joinNodes(plane: ControlPlane, network: string, names: string[]): Promise<SimulatedNode[]> {
  const key = cliOf(plane).tombolo('key', 'create', '--network', network).out;
  const nodes = names.map((name) => new SimulatedNode(name));
  for (const node of nodes) await node.enrol(plane.http, bearerOf(key));
  return nodes;
}
