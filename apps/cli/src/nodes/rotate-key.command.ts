import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { networkAndName, pathOf, type Target, textOf } from '../arguments.js';
import { contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { LockDesk } from '../lock/lock-desk.js';
import type { ApiClient } from '../server/api-client.js';

interface RotatingNode {
  nodeId: string;
  publicKey: string;
  keyRotation?: { step: 'requested' | 'offered' | 'done'; version: number };
}

const LOOK_MS = 250;
/** The node's peers are waited for 15 s at most; the rest takes a second. */
const PATIENCE_MS = 30_000;

/** `node rotate-key`: asks for it, and waits until the new key is in use. */
export function rotateKeyCommand(node: Command): void {
  node
    .command('rotate-key')
    .argument('<network/node>', 'for instance office/web-1', networkAndName)
    .description('have a node make a new WireGuard key; its tunnels stay')
    .option('--force', 'also where external clients have the key in their files')
    .option('--no-wait', 'only ask for it')
    .action(async (target: Target, { force, wait }: { force?: true; wait: boolean }, command: Command) => {
      const { api, print } = contextOf(command);
      await api.post(`${pathOf('nodes', target)}/rotate-key`, { ...(force && { force }) });
      if (!wait) return print(`node ${textOf(target)} is asked for a new key`);
      const publicKey = await finished(api, target, new LockDesk(api, target.network));
      print(`node ${textOf(target)} has the new key ${publicKey}`);
    });
}

async function finished(api: ApiClient, target: Target, desk: LockDesk): Promise<string> {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    const { nodeId, publicKey, keyRotation } = await api.get<RotatingNode>(pathOf('nodes', target));
    if (keyRotation?.step === 'done') return publicKey;
    if (keyRotation?.step === 'offered') await refuseUnsigned(target, nodeId, desk);
    if (Date.now() > end) {
      const why = keyRotation?.step === 'offered' ? 'has made a key that is not in use yet' : 'has not answered yet';
      throw new CommandFailed(
        EXIT.failed,
        `node ${textOf(target)} ${why}; it goes on by itself when the node is back, and "tombolo node show" tells its key`,
      );
    }
    await delay(LOOK_MS);
  }
}

/** Under a lock the node goes on with the old key until an operator signed the new one, which may take days. */
async function refuseUnsigned(target: Target, nodeId: string, desk: LockDesk): Promise<void> {
  if (!(await desk.read()).on) return;
  const waiting = await desk.members(true);
  const next = waiting.find(({ kind, memberId }) => kind === 'next key' && memberId === nodeId);
  if (!next) return;
  const name = textOf(target);
  throw new CommandFailed(
    EXIT.refused,
    `node ${name} has made the key ${next.publicKey} and uses the old one until an operator has signed it: tombolo lock sign ${name} --public-key ${next.publicKey}`,
  );
}
