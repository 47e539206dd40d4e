import type { LockMemberView } from '#topology/lock-view.js';
import type { Column } from '../output/render.js';

/** What an operator compares with the machine itself before signing. */
export const memberColumns: Column<LockMemberView>[] = [
  ['member', ({ name }) => name],
  ['kind', ({ kind }) => kind],
  ['addresses', ({ addresses }) => addresses.join(' ')],
  ['public key', ({ publicKey: key }) => key],
  ['carries others', ({ mayCarry }) => (mayCarry ? 'yes' : '')],
];
