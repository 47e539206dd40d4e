import { LinkWatch, type PeerLook, TELL_AGAIN_MS } from './link-watch.js';

const peer = (overrides: Partial<PeerLook> = {}): PeerLook => ({
  nodeId: 'b',
  endpoint: '192.0.2.2:51820',
  handshakeAt: 1,
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
        [TELL_AGAIN_MS / 1000, { rx: 200 }],
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
      'that is called for less than ten seconds',
      [
        [0, { handshakeAt: 0, tx: 0 }],
        [1, { handshakeAt: 0, tx: 148 }],
        [10, { handshakeAt: 0, tx: 296 }],
      ],
      [],
    ],
    [
      'that is called for ten seconds',
      [
        [0, { handshakeAt: 0, tx: 0 }],
        [1, { handshakeAt: 0, tx: 148 }],
        [11, { handshakeAt: 0, tx: 296 }],
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
        [192, { tx: 280 }],
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

describe('a watched link', () => {
  /** Probes go out every second. */
  const silentFor = (seconds: number, rtt: number | null) => {
    const watch = new LinkWatch();
    watch.look([peer({ isWatched: true })], 0);
    if (rtt !== null) watch.measured('b', rtt);
    watch.news(0);
    for (let at = 1; at <= seconds; at++) watch.look([peer({ isWatched: true, tx: 100 + at })], at * 1000);
    return watch.isUrgent(seconds * 1000);
  };

  test('that went silent cannot wait: three seconds', () => {
    expect([silentFor(2, 8), silentFor(3, 8)]).toEqual([false, true]);
  });

  test('whose probes were never answered is not judged by them', () => {
    expect(silentFor(9, null)).toBe(false);
  });

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
