import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { INTERFACE } from './agent.js';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

describe('a node that gets a new key', () => {
  let mesh: Mesh;
  let a: Member;
  let b: Member;
  let c: Member;

  beforeAll(async () => {
    mesh = await Mesh.start();
    [a, b, c] = await Promise.all([mesh.join('a'), mesh.join('b', { nat: 'cone' }), mesh.join('c')]);
    await waitForAllPairs([a, b, c]);
  }, 300_000);
  afterAll(() => mesh?.close());

  it.each([
    ['with a public address', () => a],
    ['behind a router', () => b],
  ])(
    '%s: its pairs speak by the new one, the others miss nothing, and the old key is nowhere',
    async (title, member) => {
      const node = member();
      const others = [a, b, c].filter((each) => each !== node);
      const [first, second] = others as [Member, Member];
      const old = (await mesh.node(node.name)).publicKey;
      const probes = await Promise.all([probe(node, first), probe(second, node), probe(first, second)]);

      await mesh.control.call('POST', `networks/${NETWORK}/nodes/${node.name}/rotate-key`, {});
      await waitFor(async () => (await mesh.node(node.name)).publicKey !== old, { what: 'the new key to be in use' });
      const { publicKey } = await mesh.node(node.name);
      await waitFor(async () => (await ownKey(node)) === publicKey, { what: 'the node to use its new key' });
      for (const { agent } of others)
        await agent.waitFor('the old key to be gone', async () => !(await agent.hasPeer(old)));
      await waitForAllPairs([a, b, c]);
      await Promise.all(probes.map((each) => each.more(100)));

      const [out, inward, untouched] = await Promise.all(probes.map((each) => each.stop()));
      process.stdout.write(`key of a node ${title} rotated, lost: ${JSON.stringify({ out, inward, untouched })}\n`);
      expect(untouched?.lost).toBe(0);
      for (const [from, to] of [
        [node, first],
        [second, node],
      ] as const)
        expect(await LossProbe.lossOf(from.host, echoOf(to))).toMatchObject({ lost: 0 });
      expect(await filesWith(await privateKeysOf(node), publicKey)).toBe(1);
      expect((await mesh.status(node.name)).inSync || (await mesh.waitUntilInSync([node]), true)).toBe(true);
    },
  );

  it('killed while its key changes, it comes up with a key that the others know', async () => {
    const old = (await mesh.node('a')).publicKey;
    await mesh.control.call('POST', `networks/${NETWORK}/nodes/a/rotate-key`, {});
    await waitFor(async () => (await mesh.node('a')).publicKey !== old, { what: 'the new key to be in use' });
    await a.agent.stop('SIGKILL');
    a.agent.run();
    await waitForAllPairs([a, b, c]);
    expect(await ownKey(a)).toBe((await mesh.node('a')).publicKey);
  });

  let port = 9000;
  function probe(from: Member, to: Member): Promise<LossProbe> {
    return LossProbe.start(from.host, echoOf(to));
  }

  const echoOf = (to: Member) => ({ host: to.host, address: to.addresses[0] as string, port: ++port });
});

const ownKey = async ({ host }: Member) => (await host.run('wg', ['show', INTERFACE, 'public-key'])).trim();

/** Texts of the files that hold WireGuard private keys. */
async function privateKeysOf({ host, agent }: Member): Promise<string[]> {
  const listed = await host.run('sh', ['-c', `cat ${agent.stateDirectory}/wireguard*.key`]);
  return listed.split('\n').filter((line) => line !== '');
}

/** How many keys there are, all of which must be the private half of this one. */
async function filesWith(privateKeys: string[], publicKey: string): Promise<number> {
  for (const key of privateKeys) expect(await publicHalf(key)).toBe(publicKey);
  return privateKeys.length;
}

async function publicHalf(privateKey: string): Promise<string> {
  const child = promisify(execFile)('wg', ['pubkey']);
  child.child.stdin?.end(privateKey);
  return (await child).stdout.trim();
}
