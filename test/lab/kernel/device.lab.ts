import { deviceContract } from '#wireguard/testing/device-contract.js';
import { linuxHarness } from '#wireguard/testing/linux-harness.js';
import { describe, it } from '@jest/globals';

/** Only for the guest (npm run lab:kernel): there this kernel's WireGuard is the machine's own, and nothing is disturbed. */
describe('the device contract on kernel WireGuard', () => {
  it.each(deviceContract)('$title', async ({ run }) => {
    const { harness, close } = await linuxHarness('kernel');
    try {
      await run(harness);
    } finally {
      await close();
    }
  });
});
