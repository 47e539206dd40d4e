import { availableParallelism } from 'node:os';

const names = 'contracts|event-store|topology|planner|ipam|wireguard|messaging|service';

/** Shared by every test level; the levels differ only in which files they match. */
export const base = {
  testEnvironment: 'node',
  // Starting a server on a busy machine takes its time; a test that hangs costs this much once.
  testTimeout: 30_000,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    [`^#(${names})/(.*)\\.js$`]: '<rootDir>/libs/$1/src/$2',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: 'es6' },
        sourceMaps: 'inline',
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
      },
    ],
  },
};

export default {
  ...base,
  testMatch: ['<rootDir>/(apps|libs|test)/**/*.spec.ts'],
  testPathIgnorePatterns: ['/dist/'],
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // They wait for servers a quarter of the time. Left alone, jest keeps one processor free.
  maxWorkers: availableParallelism() + 1,
  workerIdleMemoryLimit: '1GB',
};
