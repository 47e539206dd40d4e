import { LinkWatch, type PeerLook, tellAgainMs } from './link-watch.js';

const peer = (overrides: Partial<PeerLook> = {}): PeerLook => ({
  nodeId: 'b',
  endpoint: '192.0.2.2:51820',
  handshakeAt: 1,
  handshakeAge: 20,
  rx: 100,
  tx: 100,
  isWatched: false,
  ...overrides,
});

/** Looks at these times, in seconds; what the last one has to tell, in short. */
function told(...looks: [number, Partial<PeerLook>][]): string[] {
  const watch = new LinkWatch();
  let news: string[] = [];
  for (const [seconds, look] of looks) {
    watch.look([peer(look)], seconds * 1000);
    news = watch.news(seconds * 1000).map(({ link, endpoint }) => `${link} ${endpoint}`);
  }
  return news;
}

const UP = ['up 192.0.2.2:51820'];
const UNANSWERED = ['unanswered 192.0.2.2:51820'];

describe('a link', () => {
  test.each<[string, [number, Partial<PeerLook>][], string[]]>([
    ['that was never used', [[0, { handshakeAt: 0, rx: 0, tx: 0 }]], []],
    ['that is up', [[0, {}]], UP],
    [
      'that is up, again',
      [
        [0, {}],
        [10, { rx: 200 }],
      ],
      [],
    ],
    [
      'that is up, long after',
      [
        [0, {}],
        [tellAgainMs(1) / 1000, { rx: 200 }],
      ],
      UP,
    ],
    [
      'whose peer roamed',
      [
        [0, {}],
        [10, { endpoint: '192.0.2.9:1' }],
      ],
      ['up 192.0.2.9:1'],
    ],
    [
      'that is called for less than seven seconds',
      [
        [0, { handshakeAt: 0, tx: 0 }],
        [1, { handshakeAt: 0, tx: 148 }],
        [7, { handshakeAt: 0, tx: 296 }],
      ],
      [],
    ],
    [
      'that is called for seven seconds',
      [
        [0, { handshakeAt: 0, tx: 0 }],
        [1, { handshakeAt: 0, tx: 148 }],
        [8, { handshakeAt: 0, tx: 296 }],
      ],
      UNANSWERED,
    ],
    [
      'that is called, and answers in the end',
      [
        [0, { handshakeAt: 0, tx: 0 }],
        [1, { handshakeAt: 0, tx: 148 }],
        [11, { handshakeAt: 0, tx: 296 }],
        [12, { handshakeAt: 9, rx: 200, tx: 300 }],
      ],
      UP,
    ],
    [
      'with keepalives that nobody answers',
      [
        [0, {}],
        [25, { tx: 132 }],
        [50, { tx: 164 }],
      ],
      [],
    ],
    [
      'whose session is over, and that is called',
      [
        [0, {}],
        [181, { tx: 132 }],
        [188, { tx: 280 }],
      ],
      UNANSWERED,
    ],
    [
      'whose session is over, and that is not',
      [
        [0, {}],
        [181, {}],
        [300, {}],
      ],
      [],
    ],
  ])('%s', (_what, looks, expected) => {
    expect(told(...looks)).toEqual(expected);
  });

  test('that is gone is nothing', () => {
    const watch = new LinkWatch();
    watch.look([peer()], 0);
    watch.look([], 1000);
    expect(watch.news(1000)).toEqual([]);
  });

  test('is told again to one who has not heard', () => {
    const watch = new LinkWatch();
    watch.look([peer()], 0);
    expect([watch.news(0).length, watch.news(1).length]).toEqual([1, 0]);
    watch.tellAll();
    expect(watch.news(2)).toHaveLength(1);
  });

  test('has another round-trip time only if that is half as much again, and 5 ms', () => {
    const watch = new LinkWatch();
    const news = (rtt: number, now: number) => {
      watch.measured('b', rtt);
      return watch.news(now).map((link) => link.rtt);
    };
    watch.look([peer()], 0);
    expect([news(20, 0), news(25, 1), news(31, 2), news(12, 3)]).toEqual([[20], [], [31], [12]]);
    expect([news(4, 4), news(1, 5)]).toEqual([[4], []]);
  });
});

describe('a peer that is sent to and says nothing', () => {
  /** Looks every half second; sent to at each, probed as wanted. `answersProbes`: it did before. `wordAfter`: so long after a probe it was heard. */
  function silentFor(seconds: number, { answersProbes = true, heardAt = 0, wordAfter = 0 } = {}) {
    const watch = new LinkWatch();
    if (wordAfter > 0) {
      watch.look([peer({ rx: 50 })], -60_000);
      watch.probed('b', -60_000);
      watch.look([peer()], -60_000 + wordAfter * 1000);
    }
    watch.look([peer()], 0);
    if (answersProbes) watch.measured('b', 8);
    watch.news(0);
    const probes: number[] = [];
    for (let at = 0.5; at <= seconds; at += 0.5) {
      watch.look([peer({ tx: 100 + at, rx: at === heardAt ? 200 : heardAt && at > heardAt ? 200 : 100 })], at * 1000);
      for (const nodeId of watch.toProbe(at * 1000, 9)) {
        watch.probed(nodeId, at * 1000);
        probes.push(at);
      }
    }
    return { watch, probes, now: seconds * 1000 };
  }

  test('is probed until that is clear, and told at once: two seconds', () => {
    const early = silentFor(2);
    expect([early.watch.isUrgent(early.now), early.watch.isInDoubt(early.now)]).toEqual([false, true]);
    const late = silentFor(4);
    expect(late.probes).toEqual([0.5, 1, 1.5, 2]);
    expect([late.watch.isUrgent(late.now), late.watch.hasLost(late.now)]).toEqual([true, true]);
    expect(late.watch.news(late.now)).toMatchObject([{ link: 'unanswered' }]);
    expect([late.watch.isUrgent(late.now), late.watch.isInDoubt(late.now)]).toEqual([false, false]);
  });

  test('is not lost when it said something meanwhile', () => {
    const { watch, now } = silentFor(4, { heardAt: 2 });
    expect(watch.isUrgent(now)).toBe(false);
  });

  /** The first second, by steps of half of one, at which it cannot wait to be told. */
  const toldAt = (given: Parameters<typeof silentFor>[1]) =>
    Array.from({ length: 40 }, (_, n) => n / 2).find((at) => {
      const { watch, now } = silentFor(at, given);
      return watch.isUrgent(now);
    });

  test.each([
    ['as soon where no probe was ever answered, but a word came within a second', 1, 2.5],
    ['a second later than its words took', 2.5, 4],
    ['after twelve seconds where a word came so late that it came by itself', 13, 12.5],
    ['after twelve seconds where none ever came', 0, 12.5],
  ])('is told %s', (_when, wordAfter, expected) => {
    expect(toldAt({ answersProbes: false, wordAfter })).toBe(expected);
  });

  test('is believed to be as slow as it was, less so each time that it is not', () => {
    const watch = new LinkWatch();
    let rx = 0;
    const wordAfter = (seconds: number, at: number) => {
      watch.probed('b', at * 1000);
      watch.look([peer({ rx: ++rx })], (at + seconds) * 1000);
    };
    watch.look([peer({ rx })], 0);
    wordAfter(6, 10);
    for (const at of [20, 30, 40, 50]) wordAfter(0.5, at);
    watch.look([peer({ rx, tx: 200 })], 60_000);
    watch.probed('b', 60_000);
    expect([watch.hasLost(61_500), watch.hasLost(62_000)]).toEqual([false, true]);
  });

  test('is asked how soon it answers once it has a session: a word that waited for a handshake tells nothing', () => {
    const watch = new LinkWatch();
    const lookAndProbe = (seconds: number, look: Partial<PeerLook>) => {
      watch.look([peer(look)], seconds * 1000);
      const probed = watch.toProbe(seconds * 1000, 9).length > 0;
      if (probed) watch.probed('b', seconds * 1000);
      return probed;
    };
    expect(lookAndProbe(0, { handshakeAt: 0, rx: 0, tx: 0 })).toBe(true);
    expect(lookAndProbe(6, { rx: 92, tx: 148 })).toBe(true);
    expect(lookAndProbe(7, { rx: 300, tx: 300 })).toBe(false);
    expect(lookAndProbe(8, { rx: 300, tx: 400 })).toBe(true);
    expect([watch.hasLost(9_900), watch.hasLost(10_000)]).toEqual([false, true]);
  });

  test('is in doubt until it is clear how soon it answers, two seconds', () => {
    const early = silentFor(2, { answersProbes: false });
    const late = silentFor(3, { answersProbes: false });
    expect([early.watch.isInDoubt(early.now), late.watch.isInDoubt(late.now)]).toEqual([true, false]);
  });

  test('is measured as soon as it is heard, once a minute where nothing comes back', () => {
    const watch = new LinkWatch();
    const probedAt = [0, 1, 2, 61, 62].filter((at) => {
      watch.look([peer({ rx: 100 + at })], at * 1000);
      const probed = watch.toProbe(at * 1000, 9).length > 0;
      if (probed) watch.probed('b', at * 1000);
      return probed;
    });
    expect(probedAt).toEqual([0, 61]);
  });

  test('is one of few where many are silent', () => {
    const watch = new LinkWatch();
    const all = (tx: number) => Array.from({ length: 100 }, (_, n) => peer({ nodeId: `n${n}`, tx }));
    watch.look(all(1), 0);
    watch.look(all(2), 1000);
    expect(watch.toProbe(1000, 32)).toHaveLength(32);
  });

  test('has a session as long as it lasts', () => {
    const watch = new LinkWatch();
    watch.look([peer(), peer({ nodeId: 'c', handshakeAt: 0 })], 0);
    expect([watch.live(180_000), watch.live(181_000)]).toEqual([['b'], []]);
  });
});

test.each<[string, Partial<PeerLook>, string[]]>([
  ['that was heard and sent nothing', { rx: 196 }, ['b']],
  ['that was heard and sent something', { rx: 196, tx: 132 }, []],
  ['that sent an answer itself, or a keepalive', { rx: 180 }, []],
  ['that was not heard', {}, []],
])('a peer %s is answered: %s', (_what, then, expected) => {
  const watch = new LinkWatch();
  watch.look([peer()], 0);
  expect(watch.toAnswer()).toEqual([]);
  watch.look([peer(then)], 1000);
  expect(watch.toAnswer()).toEqual(expected);
});

test('many links are told again less often: one in a second, all within eight minutes', () => {
  expect([1, 300, 10_000].map(tellAgainMs)).toEqual([120_000, 300_000, 480_000]);
});

describe('a watched link', () => {
  test('that shakes hands cannot wait', () => {
    const watch = new LinkWatch();
    watch.look([peer({ isWatched: true, handshakeAt: 0 })], 0);
    expect(watch.isUrgent(0)).toBe(false);
    watch.look([peer({ isWatched: true })], 1000);
    expect(watch.isUrgent(1000)).toBe(true);
    watch.news(1000);
    expect(watch.isUrgent(2000)).toBe(false);
  });
});
