import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend } from '../core/device.js';
import { LinuxDevice } from '../linux/linux-device.js';
import { runTool } from '../linux/run-tool.js';
import type { DeviceHarness } from './device-contract.js';

/** A real interface of this network namespace: start it in one of its own. */
export async function linuxHarness(backend: Backend): Promise<{ harness: DeviceHarness; close(): Promise<void> }> {
  const interfaceName = `tmbtest${randomBytes(3).toString('hex')}`;
  const home = await mkdtemp(join(tmpdir(), 'tombolo-device-'));
  const own = await makeKey(join(home, 'own.key'));
  const other = await makeKey(join(home, 'other.key'));
  const open = (key: Key, stateDir: string) => new LinuxDevice({ ...key, interfaceName, stateDir, backend });
  const device = open(own, home);
  const ip = (...args: string[]) => runTool('ip', args).then(() => undefined);
  const table = ['inet', `tombolo_${interfaceName}`];
  const nft = (...args: string[]) => runTool('nft', args).then(() => undefined);
  const harness: DeviceHarness = {
    device,
    publicKey: own.publicKey,
    interfaceName,
    restarted: () => open(own, tmpdir()),
    stranger: () => open(other, tmpdir()),
    disturb: {
      removePeer: async (publicKey) => void (await runTool('wg', ['set', interfaceName, 'peer', publicKey, 'remove'])),
      deleteAddress: (address) => ip('address', 'delete', address, 'dev', interfaceName),
      setDown: () => ip('link', 'set', 'dev', interfaceName, 'down'),
      deleteInterface: () => ip('link', 'delete', 'dev', interfaceName),
      flushFirewall: () => nft('flush', 'table', ...table),
      deleteFirewall: () => nft('delete', 'table', ...table),
      stopForwarding: () => writeFile('/proc/sys/net/ipv4/ip_forward', '0'),
      deleteRule: () => ip('rule', 'delete', 'table', '254', 'suppress_prefixlength', '0'),
    },
  };
  return {
    harness,
    async close() {
      await device.remove();
      await rm(home, { recursive: true });
    },
  };
}

interface Key {
  publicKey: string;
  privateKeyFile: string;
}

async function makeKey(privateKeyFile: string): Promise<Key> {
  const privateKey = await runTool('wg', ['genkey']);
  await writeFile(privateKeyFile, privateKey, { mode: 0o600 });
  return { publicKey: (await runTool('wg', ['pubkey'], privateKey)).trim(), privateKeyFile };
}
