/**
 * Confirm or roll back, as a state machine: events and times in, effects out. It stands between a set that was applied
 * and its being held, where the set touches the way to the control plane.
 *
 * | phase | waits for | then |
 * |---|---|---|
 * | idle | a set that was applied | away before it: nothing can be told, it is held; else it is proven |
 * | proving | answers of the control plane over the connection that there is | enough of them: held; silence: search |
 * | searching | a new connection | connected: held; none in time: back to the last good set |
 * | returning | the last good set to be in place | wait |
 * | waiting | a new connection | connected: the set was to blame, the old one stays; none in time: the control plane is away, and the set is applied again |
 */
export type Confirmation =
  | { phase: 'idle' }
  | { phase: 'proving'; answers: number }
  /** `until`: milliseconds of the monotonic clock. */
  | { phase: 'searching'; until: number }
  | { phase: 'returning' }
  | { phase: 'waiting'; until: number };

export type ConfirmationEvent =
  /** `connected`: whether the control plane was there just before. */
  | { type: 'applied'; connected: boolean }
  | { type: 'answered' }
  /** No answer in time, or the connection broke. */
  | { type: 'silent' }
  | { type: 'connected' }
  | { type: 'returned' }
  | { type: 'tick' };

export type Effect =
  /** Ask the control plane for a sign of life, a moment from now. */
  | 'probe'
  /** Give up the connection and make another. */
  | 'redial'
  /** Hold the set. */
  | 'hold'
  /** Put the last good set back. */
  | 'return'
  /** Reject the set. */
  | 'blame'
  /** Apply the set again, and hold it without proof. */
  | 'trust';

export const CONFIRMATION = {
  /** Signs of life, a second apart, that prove a way. */
  answers: 3,
  /** Milliseconds for a new connection over the new way. An agent's first attempts come within seconds. */
  searchMs: 20_000,
  /** Milliseconds for a new connection over the old way: one that hangs gives up after 20 s. */
  waitMs: 45_000,
} as const;

type Step = [Confirmation, Effect[]];

const IDLE: Confirmation = { phase: 'idle' };

/** @param now milliseconds of a clock that never jumps */
export function confirm(state: Confirmation, event: ConfirmationEvent, now: number): Step {
  switch (state.phase) {
    case 'idle':
      if (event.type !== 'applied') return [state, []];
      return event.connected ? [{ phase: 'proving', answers: 0 }, ['probe']] : [IDLE, ['hold']];
    case 'proving':
      return proving(state.answers, event, now) ?? [state, []];
    case 'searching':
      if (event.type === 'connected') return [IDLE, ['hold']];
      return event.type === 'tick' && now >= state.until ? [{ phase: 'returning' }, ['return']] : [state, []];
    case 'returning':
      if (event.type !== 'returned') return [state, []];
      return [{ phase: 'waiting', until: now + CONFIRMATION.waitMs }, ['redial']];
    case 'waiting':
      if (event.type === 'connected') return [IDLE, ['blame']];
      return event.type === 'tick' && now >= state.until ? [IDLE, ['trust']] : [state, []];
    default:
      return state satisfies never;
  }
}

function proving(answers: number, event: ConfirmationEvent, now: number): Step | undefined {
  // A connection that was made anew since the set was applied proves as much as an answer.
  if (event.type === 'answered' || event.type === 'connected') {
    if (answers + 1 >= CONFIRMATION.answers) return [IDLE, ['hold']];
    return [{ phase: 'proving', answers: answers + 1 }, event.type === 'answered' ? ['probe'] : []];
  }
  if (event.type !== 'silent') return undefined;
  return [{ phase: 'searching', until: now + CONFIRMATION.searchMs }, ['redial']];
}
