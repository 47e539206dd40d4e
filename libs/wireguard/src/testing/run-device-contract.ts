import { deviceContract } from './device-contract.js';
import { linuxHarness } from './linux-harness.js';

/**
 * `node run-device-contract.js kernel|userspace`: the device contract on the machine it runs on, without a test framework,
 * for guests in which Jest would take longer than the test. Needs root and a network namespace of its own.
 */
const backend = process.argv[2] === 'kernel' ? 'kernel' : 'userspace';
let failed = 0;
for (const { title, run } of deviceContract) {
  const { harness, close } = await linuxHarness(backend);
  try {
    await run(harness);
    console.log(`ok    ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${title}\n${String(error)}`);
  } finally {
    await close();
  }
}
console.log(`${deviceContract.length - failed} of ${deviceContract.length} on ${backend}`);
process.exitCode = failed === 0 ? 0 : 1;
