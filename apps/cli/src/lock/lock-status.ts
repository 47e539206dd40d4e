import { existsSync } from 'node:fs';
import type { LockMemberView, LockView } from '#topology/lock-view.js';
import type { Context } from '../context.js';
import { renderData, renderList } from '../output/render.js';
import { believed, LockDesk } from './lock-desk.js';
import { delegatedColumns, waitingColumns } from './member-columns.js';
import { openKey } from './operator-key.js';

/** As the server shows it, checked: against what this operator has seen before where there is a key, else for itself. */
export async function lockStatus(network: string, file: string, { api, format, print }: Context): Promise<void> {
  const desk = new LockDesk(api, network);
  const key = existsSync(file) ? openKey(file, network) : undefined;
  const view = key ? (await desk.believe(key)).view : await desk.read();
  if (!key) believed(view);
  const members = view.on ? await desk.members() : [];
  const waiting = members.filter(({ signed }) => !signed);
  const delegated = members.filter(({ signed, until }) => signed && until !== null);
  if (format !== 'table') return print(renderData(format, { ...view, waiting, delegated }));
  print(lockText(network, view, { waiting, delegated }, key?.signer.publicKey));
}

interface Shown {
  waiting: LockMemberView[];
  delegated: LockMemberView[];
}

function lockText(network: string, view: LockView, { waiting, delegated }: Shown, own: string | undefined): string {
  if (!view.on) return `${network}: no lock${view.serial > 0 ? `, since entry ${view.serial}` : ''}`;
  const keys = view.keys.map((key) => `  ${key}${key === own ? ' (yours)' : ''}`);
  const head = `${network}: locked, entry ${view.serial} of ${view.fingerprint}`;
  const count = `${view.members - view.waiting} of ${view.members} members signed`;
  return [
    `${head}\nkeys that count:`,
    ...keys,
    count,
    ...(view.revoked.length > 0 ? [`${view.revoked.length} enrolment keys revoked`] : []),
    ...(delegated.length > 0
      ? [
          'signed with their enrolment keys, until an operator signs them:',
          renderList('table', delegated, delegatedColumns),
        ]
      : []),
    ...(waiting.length > 0 ? ['waiting for a signature:', renderList('table', waiting, waitingColumns)] : []),
  ].join('\n');
}
