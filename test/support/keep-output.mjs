/**
 * Loaded before everything else in every process of a test run (scripts/test.mjs), where TOMBOLO_KEEP_OUTPUT names a directory.
 * It notes each secret that is put in place, and keeps what is told, so that the one can be looked for in the other
 * (scripts/leaks.mjs). Nothing of the product knows of it.
 *
 * - A file that only its owner may read is written whole and then renamed: what such a file holds of secrets is noted at that moment,
 *   and when the directory that it is in is removed, as every test does in the end.
 * - Logs are kept when their directory is removed.
 * - What a process says on standard error is kept, for tests read it and throw it away. Standard output is not: there a
 *   command hands out what it was asked for.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const directory = process.env.TOMBOLO_KEEP_OUTPUT;
let isWatching = false;
if (directory) {
  const original = { ...fs };
  const keep = (file, text) => whatever(() => original.appendFileSync(join(directory, file), text, { mode: 0o600 }));

  const noteSecrets = (file) =>
    whatever(() => {
      const { mode, size } = original.statSync(file);
      if ((mode & 0o077) !== 0 || size > LARGEST) return;
      for (const secret of secretsIn(original.readFileSync(file, 'latin1'))) keep('secrets', `${secret}\n`);
    });
  const keepLogs = (path, options) => {
    if (!options?.recursive) return;
    for (const file of filesIn(path))
      if (LOGS.test(file)) whatever(() => keep(`${process.pid}.logs`, original.readFileSync(file, 'latin1')));
      else noteSecrets(file);
  };
  const keepError = (fd, bytes) => {
    if (fd === 2) keep(`${process.pid}.errors`, typeof bytes === 'string' ? bytes : Buffer.from(bytes));
  };
  for (const files of [fs, fs.promises]) {
    before(files, 'rename', noteSecrets);
    before(files, 'rm', keepLogs);
  }
  before(fs, 'renameSync', noteSecrets);
  before(fs, 'rmSync', keepLogs);
  before(fs, 'write', keepError);
  before(fs, 'writeSync', keepError);
  before(process.stderr, 'write', (bytes) => keepError(2, bytes));
  syncBuiltinESMExports();
}

/** Has something done before each call of a function; calls that it makes of others that are watched do not count again. */
function before(object, name, work) {
  const call = object[name];
  const watched = function (...args) {
    if (isWatching) return call.apply(this, args);
    isWatching = true;
    try {
      whatever(() => work(...args));
      return call.apply(this, args);
    } finally {
      isWatching = false;
    }
  };
  // What promisify goes by.
  object[name] = Object.defineProperties(watched, Object.getOwnPropertyDescriptors(call));
}

const LARGEST = 1024 * 1024;
const LOGS = /(\/log|\.log|\.out)$/;
const OF_SERVERS = /^(base|global|pg_\w+|jetstream|node_modules)$/;
/** Of what is in a file for its owner alone. By the names that our files give them, and by their forms. */
const FORMS = [
  /"(?:\w*[pP]rivateKey|\w*[pP]assword|\w*[sS]eed|secret)"\s*:\s*"([^"\s]{16,})"/g,
  /^\s*PrivateKey\s*=\s*(\S{44})\s*$/gm,
  /\b(S[UAOX][A-Z2-7]{56})\b/g,
  /^([A-Za-z0-9+/_=-]{32,200})\s*$(?![^])/g,
  /PRIVATE KEY-----\s+([A-Za-z0-9+/=]{40,})/g,
];

function secretsIn(text) {
  const found = FORMS.flatMap((form) => [...text.matchAll(form)].map(([, secret]) => secret));
  // Keys of tests that are all zeros, and the like, are no secrets, and public ones look the same.
  return found.filter((secret) => new Set(secret).size >= 12);
}

/** Below a directory that is to go, without what databases and brokers keep for themselves. */
function* filesIn(path) {
  let entries = [];
  whatever(() => (entries = fs.readdirSync(path, { withFileTypes: true })));
  for (const entry of entries) {
    const file = join(path, entry.name);
    if (entry.isFile()) yield file;
    else if (entry.isDirectory() && !OF_SERVERS.test(entry.name)) yield* filesIn(file);
  }
}

/** A test must not fail because of what watches it. */
function whatever(work) {
  try {
    work();
  } catch {
    // Gone, or not ours to read.
  }
}
