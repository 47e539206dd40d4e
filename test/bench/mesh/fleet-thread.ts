import { parentPort } from 'node:worker_threads';
import type { AgentsState } from './agents.js';
import { Fleet } from './fleet.js';
import type { EnrolledNode } from './mesh-node.js';
import { threadStart } from './thread-clock.js';

/** What `FleetThreads` asks of one thread. */
export type Order =
  { kind: 'add'; node: EnrolledNode } | { kind: 'expect'; peer: string } | { kind: 'state' | 'collect' | 'close' };

/**
 * `arrived`: all agents of this thread that were there when it was expected hold the peer; `at` by the clock of all threads
 * (`threadStart`). Every order but `add` is answered, in turn.
 */
export type Answer = { kind: 'arrived'; peer: string; at: number } | { kind: 'done'; state: AgentsState };

const port = parentPort;
if (!port) throw new Error('this program is a thread of FleetThreads');
const fleet = new Fleet({ kind: 'own' });
const answer = (what: Answer) => port.postMessage(what);

async function obey(order: Order): Promise<void> {
  if (order.kind === 'add') return void fleet.add(order.node);
  if (order.kind === 'expect') {
    const { peer } = order;
    const { held } = await fleet.expect(peer);
    void held.then((at) => answer({ kind: 'arrived', peer, at: at + threadStart }));
  } else if (order.kind === 'collect') await fleet.collect();
  else if (order.kind === 'close') await fleet.close();
  answer({ kind: 'done', state: await fleet.state() });
}

/**
 * A processor of a virtual machine that has fallen asleep may not notice that a thread is woken until its next timer (seen: all agents of
 * one thread heard nothing for 50 to 150 ms, in one join of 80, while that processor idled). This is a timer, milliseconds.
 */
const AWAKE_EVERY_MS = 5;
setInterval(() => {}, AWAKE_EVERY_MS).unref();

// What fails here ends the thread, and with it the measurement.
port.on('message', (order: Order) => void obey(order));
