import { base } from './jest.config.js';

/** Real namespaces, real WireGuard, real processes from dist/: needs root and `npm run build` (scripts/lab.mjs does both). */
export default {
  ...base,
  roots: ['<rootDir>/test/lab', '<rootDir>/libs'],
  testMatch: ['<rootDir>/test/lab/*.lab.ts'],
  testPathIgnorePatterns: ['\\.(alone|waiting)\\.lab\\.ts$'],
  testTimeout: 120_000,
  // A scenario waits more than it works. More than two on two processors make hole punching late, which is then put off.
  maxWorkers: 2,
  verbose: true,
};
