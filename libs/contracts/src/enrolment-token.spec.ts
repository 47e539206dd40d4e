import fc from 'fast-check';
import { formatEnrolmentToken, isBaseUrl, parseEnrolmentToken } from './enrolment-token.js';

const token = {
  v: 1 as const,
  url: 'https://10.0.0.1:8080',
  pin: 'ab'.repeat(32),
  keyId: '01930a0b-0000-7000-8000-000000000001',
  secret: 'a-secret-of-some-length',
};
const raw = (value: unknown) => 'tmb_' + Buffer.from(JSON.stringify(value)).toString('base64url');

test('what is written can be read', () => {
  expect(parseEnrolmentToken(formatEnrolmentToken(token))).toEqual(token);
  expect(formatEnrolmentToken(token)).toBe(raw(token));
  expect(parseEnrolmentToken(`  ${formatEnrolmentToken({ ...token, pin: null })}\n`).pin).toBeNull();
});

test.each<[string, string, RegExp]>([
  ['nothing', '', /does not begin with tmb_/],
  ['another token', 'ghp_1234', /does not begin with tmb_/],
  ['half of it', formatEnrolmentToken(token).slice(0, -20), /was cut/],
  ['a space in it', `${formatEnrolmentToken(token).slice(0, 20)} x`, /was cut/],
  ['no JSON', 'tmb_AAAA', /was cut/],
  ['JSON of nothing', raw(null), /was cut/],
  ['the next version', raw({ ...token, v: 2 }), /another version/],
  ['no server', raw({ ...token, url: 'ftp://x' }), /names no server/],
  ['a path', raw({ ...token, url: 'https://x/y' }), /names no server/],
  ['a short pin', raw({ ...token, pin: 'abcd' }), /pins no certificate/],
  ['no pin at all', raw({ ...token, pin: undefined }), /pins no certificate/],
  ['a wildcard as key', raw({ ...token, keyId: '*' }), /holds no key/],
  ['a secret with a line break', raw({ ...token, secret: `${'a'.repeat(20)}\r\nx: y` }), /holds no key/],
])('refused: %s', (_, text, message) => {
  expect(() => parseEnrolmentToken(text)).toThrow(message);
});

test('no text breaks it, and no refusal tells a secret', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((json) => raw(JSON.parse(json))),
      ),
      (text) => {
        try {
          parseEnrolmentToken(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid' });
        }
      },
    ),
  );
  try {
    parseEnrolmentToken(raw({ ...token, v: 9 }));
  } catch (error) {
    expect(String(error)).not.toContain(token.secret);
  }
});

test.each<[unknown, boolean]>([
  ['https://[fd00::1]:8080', true],
  ['http://127.0.0.1:8080/', true],
  ['https://user:pw@host', false],
  ['https://host/?q', false],
  ['host:8080', false],
  [7, false],
])('base URL %j: %s', (value, expected) => {
  expect(isBaseUrl(value)).toBe(expected);
});
