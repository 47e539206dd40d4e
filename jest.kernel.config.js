import lab from './jest.lab.config.js';

/** Runs inside the guest, where everything is twenty times slower and the kernel's own WireGuard is there. */
export default {
  ...lab,
  testMatch: ['<rootDir>/test/lab/kernel/*.lab.ts', '<rootDir>/test/lab/mesh.lab.ts'],
  testTimeout: 240_000,
  maxWorkers: 1,
};
