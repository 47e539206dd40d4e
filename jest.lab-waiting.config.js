import lab from './jest.lab.config.js';

/** Scenarios that wait for minutes and do nothing meanwhile: they run beside the others. */
export default { ...lab, testMatch: ['<rootDir>/test/lab/*.waiting.lab.ts'], testPathIgnorePatterns: [] };
