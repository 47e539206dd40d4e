import { deviceContract } from '../testing/device-contract.js';
import { memoryHarness } from '../testing/memory-harness.js';

test.each(deviceContract)('$title', ({ run }) => run(memoryHarness()));
