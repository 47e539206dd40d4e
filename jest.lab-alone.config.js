import lab from './jest.lab.config.js';

/** Scenarios that need the machine for themselves. */
export default { ...lab, testMatch: ['<rootDir>/test/lab/*.alone.lab.ts'], testPathIgnorePatterns: [], maxWorkers: 1 };
