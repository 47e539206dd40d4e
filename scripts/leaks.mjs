/** Looks for secrets in everything that a test run told (test/support/keep-output.mjs says how it is kept). */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** What is a secret by its form alone, whoever made it. */
const FORMS = {
  'an API token': /\btmbt_[A-Za-z0-9_-]{43}\b/g,
  'an enrolment token': /\btmb_[A-Za-z0-9_-]{100,}/g,
  'a seed of a broker key': /\bS[UAOX][A-Z2-7]{56}\b/g,
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40,}/g,
};
/** Enough of a secret to tell it, as a key of an index. */
const PREFIX = 12;
const PIECE = 16 * 1024 * 1024;
const OVERLAP = 4 * 1024;
const WORDS = /[A-Za-z0-9+/_=-]{16,}/g;

/** @returns `{file, line, what}` of each secret that was told; never the secret */
export function findLeaks(directory) {
  const index = indexOf(readSecrets(directory));
  return readdirSync(directory)
    .filter((file) => /\.(errors|logs|output)$/.test(file))
    .flatMap((file) => {
      const found = new Map();
      let lines = 1;
      for (const { text, from, fresh } of pieces(join(directory, file))) {
        for (const { at, what } of leaksIn(text, index)) {
          const line = lines + text.slice(0, at).split('\n').length - 1;
          found.set(from + at, { file, line, what });
        }
        lines += text.slice(0, fresh).split('\n').length - 1;
      }
      return [...found.values()];
    });
}

/** How many secrets were noted: none means that nobody watched. */
export const countSecrets = (directory) => new Set(readSecrets(directory)).size;

function readSecrets(directory) {
  try {
    return readFileSync(join(directory, 'secrets'), 'latin1').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function indexOf(secrets) {
  const index = new Map();
  for (const secret of new Set(secrets.flatMap(spellings))) {
    const prefix = secret.slice(0, PREFIX);
    index.set(prefix, [...(index.get(prefix) ?? []), secret]);
  }
  return index;
}

/** 32 bytes may be told in another form than the one they are kept in. */
function spellings(secret) {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(secret)) return [secret];
  const bytes = Buffer.from(secret, 'base64');
  return [secret.slice(0, -1), bytes.toString('base64url'), bytes.toString('hex')];
}

/** A file in pieces that overlap by more than any secret is long: a text may not have more than half a gigabyte. */
function* pieces(file) {
  const buffer = Buffer.alloc(PIECE);
  const handle = openSync(file, 'r');
  try {
    for (let from = 0; ; from += PIECE - OVERLAP) {
      const length = readSync(handle, buffer, 0, PIECE, from);
      // Beyond this the next piece begins.
      yield { text: buffer.toString('latin1', 0, length), from, fresh: PIECE - OVERLAP };
      if (length < PIECE) return;
    }
  } finally {
    closeSync(handle);
  }
}

function leaksIn(text, index) {
  const places = new Map();
  for (const [what, form] of Object.entries(FORMS))
    for (const match of text.matchAll(form)) if (isRandom(match[0])) places.set(match.index, what);
  for (const { 0: word, index: start } of text.matchAll(WORDS))
    for (let at = 0; at + PREFIX <= word.length; at++) {
      const secrets = index.get(word.slice(at, at + PREFIX)) ?? [];
      if (secrets.some((secret) => word.startsWith(secret, at)))
        places.set(start + at, 'a secret that was made in this run');
    }
  return [...places].map(([at, what]) => ({ at, what }));
}

/** Examples in documents and titles repeat a few characters. */
const isRandom = (text) => new Set(text).size >= 12;
