import { inOwnNamespace } from '../../../../test/support/own-namespace.js';
import { deviceContract } from '../testing/device-contract.js';
import { linuxHarness } from '../testing/linux-harness.js';

inOwnNamespace(import.meta.url, () => {
  test.each(deviceContract)('$title', async ({ run }) => {
    const { harness, close } = await linuxHarness('userspace');
    try {
      await run(harness);
    } finally {
      await close();
    }
  });
});
