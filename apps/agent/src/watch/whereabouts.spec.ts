import { Whereabouts } from './whereabouts.js';

/** What it is told by at each look; resolves to how often it has moved. */
async function movesSeen(...places: string[]): Promise<number> {
  let moves = 0;
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const left = [...places];
  const read = async () => {
    const place = left.shift();
    if (left.length === 0) done();
    if (place === undefined || place === 'unreadable') throw new Error('no answer from ip');
    return place;
  };
  const whereabouts = new Whereabouts({ read, onMoved: () => moves++ });
  for (let i = 1; i < places.length; i++) whereabouts.look();
  await all;
  await new Promise(setImmediate);
  return moves;
}

test.each<[string, string[], number]>([
  ['is where it begins', ['home'], 0],
  ['stays, whatever is renewed', ['home', 'home', 'home'], 0],
  ['moves', ['home', 'train'], 1],
  ['is nowhere for a while, and back', ['home', '', 'home'], 2],
  ['cannot be read for a while', ['home', 'unreadable', 'home'], 0],
])('a machine that %s', async (_what, places, moves) => {
  expect(await movesSeen(...places)).toBe(moves);
});
