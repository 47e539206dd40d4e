import { MemoryDevice } from '../memory/memory-device.js';
import type { DeviceHarness } from './device-contract.js';
import { KEYS } from './fixtures.js';

export function memoryHarness(): DeviceHarness {
  const device = new MemoryDevice(KEYS.own);
  const sameInterface = (publicKey: string) => {
    const other = new MemoryDevice(publicKey);
    other.model = device.model;
    other.backend = device.backend;
    return other;
  };
  const model = () => {
    if (!device.model) throw new Error('there is no interface');
    return device.model;
  };
  return {
    device,
    publicKey: KEYS.own,
    interfaceName: 'tmb0',
    restarted: () => sameInterface(KEYS.own),
    stranger: () => sameInterface(KEYS.stranger),
    disturb: {
      removePeer: async (publicKey) => void model().peers.delete(publicKey),
      deleteAddress: async (address) => void model().addresses.delete(address),
      setDown: async () => model().setDown(),
      deleteInterface: async () => void (device.model = undefined),
      flushFirewall: async () => void (model().firewall = { digest: null, counters: {} }),
      deleteFirewall: async () => void (model().firewall = null),
      stopForwarding: async () => void (model().sysctls.forward4 = '0'),
      deleteRule: async () => void model().rules.delete(JSON.stringify({ family: 4, kind: 'near' })),
    },
  };
}
