import { runTool } from './run-tool.js';

/** @returns Unix seconds of the newest handshake with any peer, by this machine's clock; null: none yet */
export async function newestHandshake(interfaceName: string): Promise<number | null> {
  const text = await runTool('wg', ['show', interfaceName, 'latest-handshakes']);
  let newest = 0;
  for (const line of text.split('\n')) newest = Math.max(newest, Number(line.split('\t')[1] ?? 0));
  return newest === 0 ? null : newest;
}
