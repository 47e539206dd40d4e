import { existsSync } from 'node:fs';
import type { LockMemberView, LockView } from '#topology/lock-view.js';
import type { Context } from '../context.js';
import { renderData, renderList } from '../output/render.js';
import { believed, LockDesk } from './lock-desk.js';
import { waitingColumns } from './member-columns.js';
import { openKey } from './operator-key.js';

/** As the server shows it, checked: against what this operator has seen before where there is a key, else for itself. */
export async function lockStatus(network: string, file: string, { api, format, print }: Context): Promise<void> {
  const desk = new LockDesk(api, network);
  const key = existsSync(file) ? openKey(file, network) : undefined;
  const view = key ? (await desk.believe(key)).view : await desk.read();
  if (!key) believed(view);
  const waiting = view.on ? await desk.members(true) : [];
  if (format !== 'table') return print(renderData(format, { ...view, waiting }));
  print(lockText(network, view, waiting, key?.signer.publicKey));
}

export function lockText(network: string, view: LockView, waiting: LockMemberView[], own: string | undefined): string {
  if (!view.on) return `${network}: no lock${view.serial > 0 ? `, since entry ${view.serial}` : ''}`;
  const keys = view.keys.map((key) => `  ${key}${key === own ? ' (yours)' : ''}`);
  const head = `${network}: locked, entry ${view.serial} of ${view.fingerprint}`;
  const count = `${view.members - view.waiting} of ${view.members} members signed`;
  return [
    `${head}\nkeys that count:`,
    ...keys,
    count,
    ...(waiting.length > 0 ? ['waiting for a signature:', renderList('table', waiting, waitingColumns)] : []),
  ].join('\n');
}
