import { readFileSync } from 'node:fs';
import { AGENT_VERSION } from './version.js';

test("the version told is the package's", () => {
  const { version } = JSON.parse(readFileSync('apps/agent/package.json', 'utf8')) as { version: string };
  expect(AGENT_VERSION).toBe(version);
});
