import { publisherLease } from '#contracts/names.js';
import { until } from '../../../../test/support/wait.js';
import { Leadership, type Lease, type LeasePort } from './leadership.js';
import { preferredReplica } from './placement.js';

const RELEASED = -1;

/** Leases as the log gives them, on a clock that the test moves. */
class Leases implements LeasePort {
  now = 0;
  away = false;
  readonly #rows = new Map<string, Lease & { until: number }>();

  async acquire(name: string, holder: string, ttlMs: number) {
    this.#answer();
    const row = this.#rows.get(name);
    const live = row && row.until > this.now;
    if (live && row.holder !== holder) return undefined;
    const lease = { name, holder, epoch: live ? row.epoch : (row?.epoch ?? 0) + 1 };
    this.#rows.set(name, { ...lease, until: this.now + ttlMs });
    return lease;
  }

  async renewAll(holder: string, prefix: string, ttlMs: number) {
    this.#answer();
    const own = [...this.#rows.values()].filter((row) => row.name.startsWith(prefix) && row.holder === holder);
    const kept = own.filter(({ until }) => until !== RELEASED);
    for (const row of kept) row.until = this.now + ttlMs;
    return kept;
  }

  async release({ name, epoch }: Lease) {
    const row = this.#rows.get(name);
    if (row?.epoch === epoch) row.until = RELEASED;
  }

  async list(prefix: string) {
    this.#answer();
    return this.#live(prefix);
  }

  #live(prefix: string) {
    return [...this.#rows.values()]
      .filter((row) => row.name.startsWith(prefix) && row.until > this.now)
      .map((row) => ({ ...row, msLeft: row.until - this.now }));
  }

  #answer() {
    if (this.away) throw new Error('the database is away');
  }
}

function replica(leases: Leases, holder: string, isPrepared = () => true) {
  const events: string[] = [];
  const held: boolean[] = [];
  const leadership = new Leadership({
    leases,
    holder,
    ttlMs: 1_000,
    monotonic: () => leases.now,
    isPrepared,
    onGained: async (network, epoch) => void events.push(`gained ${network} ${epoch}`),
    onLost: async (network) => void events.push(`lost ${network}`),
    onRenewed: () => void held.push(leadership.mayPublish('n') === true),
    onError: (error) => void events.push((error as Error).message),
  });
  return { leadership, events, heldAtRenewal: held };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
/** Lets every replica do a round. */
async function round(...replicas: { leadership: Leadership }[]) {
  for (const { leadership } of replicas) {
    leadership.want('n');
    await settled();
    await settled();
  }
}

const [first, second] = ['a', 'b'].sort((x) => (preferredReplica('n', ['a', 'b']) === x ? -1 : 1)) as [string, string];

/** Two replicas that have each done a round: the first publishes. */
async function pair() {
  const leases = new Leases();
  const [one, two] = [replica(leases, first), replica(leases, second)];
  await round(one, two);
  return { leases, one, two };
}

test('one of two replicas publishes, the other does not', async () => {
  const { one, two } = await pair();
  await round(one, two);
  expect(one.events).toEqual(['gained n 1']);
  expect(two.events).toEqual([]);
  expect([one.leadership.mayPublish('n'), two.leadership.mayPublish('n')]).toEqual([true, false]);
});

test('when the publishing replica dies the other takes over with a higher epoch', async () => {
  const { leases, two } = await pair();
  leases.now = 1_500;
  await round(two);
  expect(two.events).toEqual(['gained n 2']);
});

test('a lease that nobody renews is taken when it lapses, not at the next round', async () => {
  const { leases, two } = await pair();
  leases.now = 999;
  await round(two);
  expect(two.events).toEqual([]);
  // Nobody asks for a round from now on.
  leases.now = 1_001;
  await until('it to be taken', () => two.events.length > 0);
  expect(two.events).toEqual(['gained n 2']);
});

test('who follows knows for a while that another has just taken over', async () => {
  const { leases, one, two } = await pair();
  const begun = (...replicas: { leadership: Leadership }[]) =>
    replicas.map(({ leadership }) => leadership.hasOtherBegun(100));
  expect(begun(one, two)).toEqual([false, true]);
  leases.now = 600;
  // It has not been renewed for a while: who comes now has nobody to give way to.
  const three = replica(leases, `${first} again`);
  await round(three);
  expect(begun(one, two, three)).toEqual([false, false, false]);
  leases.now = 2_000;
  await round(three, two);
  const leads = [three, two].map(({ leadership }) => leadership.mayPublish('n') === true);
  expect(leads.filter((is) => is)).toHaveLength(1);
  expect(begun(three, two)).toEqual(leads.map((is) => !is));
});

test('a replica that cannot renew stops publishing before another can begin', async () => {
  const leases = new Leases();
  const one = replica(leases, first);
  await round(one);
  leases.away = true;
  leases.now = 999;
  await round(one);
  expect(one.leadership.mayPublish('n')).toBe(true);
  leases.now = 1_000;
  expect(one.leadership.mayPublish('n')).not.toBe(true);
});

test('a renewal is told when the lease is held again, so that what waited can go on', async () => {
  const leases = new Leases();
  const one = replica(leases, first);
  await round(one);
  await round(one);
  leases.away = true;
  await round(one);
  leases.away = false;
  await round(one);
  expect(one.heldAtRenewal).toEqual([false, true, true]);
  expect(one.events).toEqual(['gained n 1', 'the database is away']);
});

test('a lease that lapsed and that nobody took is held on to', async () => {
  const leases = new Leases();
  const one = replica(leases, first);
  await round(one);
  leases.now = 5_000;
  await round(one);
  expect(one.events).toEqual(['gained n 1']);
  expect(one.leadership.mayPublish('n')).toBe(true);
});

test('while a lease is in doubt nothing is said, and then whether it is held still', async () => {
  const leases = new Leases();
  const one = replica(leases, first);
  expect(one.leadership.mayPublish('n')).toBe(false);
  await round(one);
  expect(one.leadership.mayPublish('n')).toBe(true);

  leases.now = 1_000;
  const renewed = one.leadership.mayPublish('n');
  await round(one);
  expect(await renewed).toBe(true);

  leases.now = 2_000;
  leases.away = true;
  const answers: boolean[] = [];
  void Promise.resolve(one.leadership.mayPublish('n')).then((answer) => answers.push(answer));
  await round(one);
  expect(answers).toEqual([]);
  leases.away = false;
  await leases.acquire(publisherLease('n'), second, 1_000);
  await round(one);
  expect(answers).toEqual([false]);
  expect(one.events.slice(1)).toEqual(['the database is away', 'lost n']);
});

test('what waits for an answer learns that the lease was given back', async () => {
  const leases = new Leases();
  const one = replica(leases, first);
  await round(one);
  leases.now = 1_000;
  const doubted = one.leadership.mayPublish('n');
  await one.leadership.stop();
  expect(await doubted).toBe(false);
});

test('a replica that comes gets its share from the one that holds all, after a while', async () => {
  const leases = new Leases();
  const late = replica(leases, first);
  const early = replica(leases, second);
  await round(early);
  expect(early.events).toEqual(['gained n 1']);
  for (let i = 0; i < 10; i++) await round(early, late);
  expect(early.events).toEqual(['gained n 1', 'lost n']);
  expect(late.events).toEqual(['gained n 2']);
});

test('a replica that could not publish at once leaves everything to one that can, and takes it where there is none', async () => {
  const leases = new Leases();
  let isPrepared = false;
  const fresh = replica(leases, first, () => isPrepared);
  const warm = replica(leases, second);
  await round(warm);
  for (let i = 0; i < 10; i++) await round(fresh, warm);
  expect([fresh.events, warm.events]).toEqual([[], ['gained n 1']]);
  leases.now = 1_500;
  await round(fresh);
  expect(fresh.events).toEqual(['gained n 2']);

  leases.now = 2_000;
  for (let i = 0; i < 10; i++) await round(warm, fresh);
  expect([fresh.events.at(-1), warm.events.at(-1)]).toEqual(['lost n', 'gained n 3']);
  isPrepared = true;
  for (let i = 0; i < 10; i++) await round(fresh, warm);
  expect(fresh.events.at(-1)).toBe('gained n 4');
});

test('stopping gives the lease back at once', async () => {
  const leases = new Leases();
  const one = replica(leases, first);
  const two = replica(leases, second);
  await round(one);
  await one.leadership.stop();
  await round(two);
  expect(two.events).toEqual(['gained n 2']);
});

test('networks spread evenly, and one replica more moves only its own share', () => {
  const networks = Array.from({ length: 1_000 }, (_, i) => `network-${i}`);
  const owners = (replicas: string[]) => networks.map((network) => preferredReplica(network, replicas));
  const three = owners(['x', 'y', 'z']);
  for (const name of ['x', 'y', 'z']) {
    const share = three.filter((owner) => owner === name).length;
    expect(share).toBeGreaterThan(250);
    expect(share).toBeLessThan(420);
  }
  const four = owners(['x', 'y', 'z', 'w']);
  four.forEach((owner, i) => expect([three[i], 'w']).toContain(owner));
});
