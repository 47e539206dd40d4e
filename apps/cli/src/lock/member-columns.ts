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

const WHY: Record<NonNullable<LockMemberView['waitsFor']>, string> = {
  'never signed': 'nobody signed it',
  'key removed': 'the key that signed it counts no more',
  'key expired': 'the enrolment key that it signed itself with has expired',
  'not to carry': 'others are to be reached through it now',
};

export const waitingColumns: Column<LockMemberView>[] = [...memberColumns, ['why', why]];

function why({ kind, waitsFor }: LockMemberView): string {
  if (waitsFor === null) return '';
  return kind === 'next key' && waitsFor === 'never signed'
    ? 'a new key of the node, which uses the one before until this is signed'
    : WHY[waitsFor];
}

/** Who signed themselves when they joined. */
export const delegatedColumns: Column<LockMemberView>[] = [...memberColumns, ['until', ({ until }) => until]];
