import { readFileSync } from 'node:fs';
import { RELEASE } from './release.js';

test('the release is that of package.json', () => {
  expect(RELEASE).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version);
});
