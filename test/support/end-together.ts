import type { Socket } from 'node:net';

/** Two connections of which neither outlives the other, whatever ends it. */
export function endTogether(one: Socket, other: Socket): void {
  for (const [each, next] of [
    [one, other],
    [other, one],
  ] as const) {
    each.on('error', () => undefined);
    each.once('close', () => next.destroy());
  }
}
