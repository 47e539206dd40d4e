import { createInterface } from 'node:readline';
import { SimulatedNode } from '../support/simulated-node.js';

/**
 * Many simulated nodes in a process of their own: `joining-nodes.js URL COUNT`, the enrolment secret on standard input. Each
 * asks until it is told yes, as the agent does. Prints `joined` for each, then `level` and what all hold when each has all
 * others as peers. Outside Jest, whose sandbox makes this much slower.
 */
const [url = '', count = '0'] = process.argv.slice(2);
const input = createInterface({ input: process.stdin });
const bearer = await new Promise<string>((resolve) => input.once('line', resolve));
const nodes = Array.from({ length: Number(count) }, (_, i) => new SimulatedNode(`node-${i}`));
const waiting = [...nodes];

// A few at a time: joins that arrive together become one append, and a blow shall fall between appends as well.
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (let node = waiting.shift(); node; node = waiting.shift()) await join(node);
  }),
);
while (!nodes.every(({ peers }) => peers === nodes.length - 1)) await pause(10);
const held = nodes.map(({ id, digest }) => [id, digest]);
process.stdout.write(`level ${JSON.stringify(held)}\n`);
await Promise.all(nodes.map((node) => node.close()));
process.exit(0);

async function join(node: SimulatedNode): Promise<void> {
  for (;;) {
    try {
      await node.enrol(url, bearer);
      process.stdout.write('joined\n');
      return;
    } catch (error) {
      if (/: 4\d\d /.test((error as Error).message)) throw error;
      await pause(20);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
