import { readFile } from 'node:fs/promises';
import { runTool, ToolError } from '#wireguard/linux/run-tool.js';
import { AgentFailure } from './failure.js';

/** capability.h */
const CAP_NET_ADMIN = 12n;

/** Whether this process can do its work at all, before anything is asked of a server. @throws AgentFailure */
export async function preflight(): Promise<void> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  if ((effective >> CAP_NET_ADMIN) % 2n === 0n)
    throw new AgentFailure('failed', 'an interface can only be made with CAP_NET_ADMIN: run this as root');
  for (const [tool, argument, from] of [
    ['ip', '-Version', 'iproute2'],
    ['wg', '--version', 'wireguard-tools'],
  ] as const) {
    try {
      await runTool(tool, [argument]);
    } catch (error) {
      if (error instanceof ToolError && error.detail.notFound)
        throw new AgentFailure('failed', `${tool} is not installed: install the package ${from}`);
      throw error;
    }
  }
}
