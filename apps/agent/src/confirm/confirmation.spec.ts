import fc from 'fast-check';
import { confirm, CONFIRMATION, type Confirmation, type ConfirmationEvent, type Effect } from './confirmation.js';

const NOW = 1_000_000;
const { answers, searchMs, waitMs } = CONFIRMATION;
const idle: Confirmation = { phase: 'idle' };
const searching: Confirmation = { phase: 'searching', until: NOW };
const returning: Confirmation = { phase: 'returning' };
const waiting: Confirmation = { phase: 'waiting', until: NOW };
const proving = (count: number): Confirmation => ({ phase: 'proving', answers: count });

test.each<[Confirmation, ConfirmationEvent, Confirmation, Effect[]]>([
  [idle, { type: 'applied', connected: true }, proving(0), ['probe']],
  [idle, { type: 'applied', connected: false }, idle, ['hold']],
  [proving(0), { type: 'answered' }, proving(1), ['probe']],
  [proving(0), { type: 'connected' }, proving(1), []],
  [proving(answers - 1), { type: 'answered' }, idle, ['hold']],
  [proving(1), { type: 'silent' }, { phase: 'searching', until: NOW + searchMs }, ['redial']],
  [searching, { type: 'connected' }, idle, ['hold']],
  [searching, { type: 'tick' }, returning, ['return']],
  [{ phase: 'searching', until: NOW + 1 }, { type: 'tick' }, { phase: 'searching', until: NOW + 1 }, []],
  [returning, { type: 'returned' }, { phase: 'waiting', until: NOW + waitMs }, ['redial']],
  [waiting, { type: 'connected' }, idle, ['blame']],
  [waiting, { type: 'tick' }, idle, ['trust']],
  [{ phase: 'waiting', until: NOW + 1 }, { type: 'tick' }, { phase: 'waiting', until: NOW + 1 }, []],
])('%j, %j: %j, %j', (state, event, next, effects) => {
  expect(confirm(state, event, NOW)).toEqual([next, effects]);
});

test.each<[Confirmation, ConfirmationEvent['type'][]]>([
  [idle, ['answered', 'silent', 'connected', 'returned', 'tick']],
  [proving(1), ['applied', 'returned', 'tick']],
  [searching, ['applied', 'answered', 'silent', 'returned']],
  [returning, ['applied', 'answered', 'silent', 'connected', 'tick']],
  [waiting, ['applied', 'answered', 'silent', 'returned']],
])('%j is left alone by %j', (state, types) => {
  for (const type of types) expect(confirm(state, { type, connected: true } as ConfirmationEvent, NOW)[0]).toBe(state);
});

/** A link that may be cut by the set, by an outage, or by nothing, under a virtual clock. */
interface Run {
  connectedBefore: boolean;
  /** Whether the set cuts the way. */
  cuts: boolean;
  /** When the control plane is away, milliseconds from the apply. */
  outage: { from: number; to: number } | undefined;
}

/** Plays one run out: the outcome, and when. */
function play({ connectedBefore, cuts, outage }: Run): { effects: Effect[]; ended: number } {
  let now = 0;
  let [state, effects] = confirm(idle, { type: 'applied', connected: connectedBefore }, now);
  let isNewSet = true;
  const seen: Effect[] = [];
  const isOpen = () => !(cuts && isNewSet) && !(outage && now >= outage.from && now < outage.to);
  while (state.phase !== 'idle' || effects.length > 0) {
    let event: ConfirmationEvent = { type: 'tick' };
    for (const effect of effects) {
      seen.push(effect);
      if (effect === 'return') {
        isNewSet = false;
        event = { type: 'returned' };
      }
    }
    if (state.phase === 'idle') break;
    if (event.type === 'tick') {
      now += 1_000;
      if (state.phase === 'proving') event = { type: isOpen() ? 'answered' : 'silent' };
      else if (isOpen() && state.phase !== 'returning') event = { type: 'connected' };
    }
    [state, effects] = confirm(state, event, now);
  }
  return { effects: seen, ended: now };
}

test.each<[string, Run, Effect]>([
  ['nothing happens', { connectedBefore: true, cuts: false, outage: undefined }, 'hold'],
  ['the set cuts the way', { connectedBefore: true, cuts: true, outage: undefined }, 'blame'],
  ['away already', { connectedBefore: false, cuts: true, outage: undefined }, 'hold'],
  ['goes away and does not return', { connectedBefore: true, cuts: false, outage: { from: 500, to: 1e9 } }, 'trust'],
  ['goes away for a moment', { connectedBefore: true, cuts: false, outage: { from: 500, to: 9_000 } }, 'hold'],
  [
    'goes away, and the set cuts the way too',
    { connectedBefore: true, cuts: true, outage: { from: 0, to: 1e9 } },
    'trust',
  ],
])('%s: %s', (_, run, last) => {
  expect(play(run).effects.at(-1)).toBe(last);
});

test('every run ends in time; without a cut it ends with the set, unless an outage ends while it waits', () => {
  const outages = fc.record({ from: fc.nat(5_000), length: fc.nat(120_000) });
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.option(outages, { nil: undefined }), (connectedBefore, cuts, away) => {
      const outage = away && { from: away.from, to: away.from + away.length };
      const { effects, ended } = play({ connectedBefore, cuts, outage });
      const last = effects.at(-1);
      expect(['hold', 'blame', 'trust']).toContain(last);
      expect(ended).toBeLessThanOrEqual((answers + 2) * 1_000 + searchMs + waitMs);
      if (!connectedBefore) expect(effects).toEqual(['hold']);
      if (!outage) expect(last).toBe(cuts && connectedBefore ? 'blame' : 'hold');
      // Nobody is blamed while the control plane is away.
      if (last === 'blame' && outage) expect(cuts || ended >= outage.to).toBe(true);
    }),
  );
});
