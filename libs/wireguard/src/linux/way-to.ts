import { runTool, ToolError } from './run-tool.js';

/** @returns the interface by which this machine sends to an address; null: it has no way there */
export async function wayTo(address: string): Promise<string | null> {
  try {
    const routes = JSON.parse(await runTool('ip', ['-json', 'route', 'get', address])) as { dev?: string }[];
    return routes[0]?.dev ?? null;
  } catch (error) {
    if (error instanceof ToolError && error.says(/RTNETLINK answers/)) return null;
    throw error;
  }
}
