import type { CredentialsResponse } from '#contracts/enrolment.js';
import { readIfThere, writeDurably } from './files.js';
import { JsonFields } from './json-fields.js';
import type { StateDir } from './state-dir.js';

/** How to log in to the broker; renewed before it expires. */
export type Login = CredentialsResponse;

/** @throws Error that names the field */
export function parseLogin(fields: JsonFields): Login {
  return {
    urls: fields.texts('urls', isBrokerUrl),
    jwt: fields.text('jwt', (text) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)),
    expiresAt: fields.text('expiresAt', (text) => !Number.isNaN(Date.parse(text))),
  };
}

/** @returns undefined when it is missing or damaged: a new one can be had from the server */
export async function readLogin(dir: StateDir): Promise<Login | undefined> {
  const text = await readIfThere(dir.file('login'));
  if (text === undefined) return undefined;
  try {
    return parseLogin(JsonFields.parse(text, dir.file('login')));
  } catch {
    return undefined;
  }
}

export async function writeLogin(dir: StateDir, login: Login): Promise<void> {
  await writeDurably(dir.file('login'), `${JSON.stringify(login, null, 2)}\n`);
}

function isBrokerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  return (protocol === 'nats:' || protocol === 'tls:') && hostname !== '' && username === '' && password === '';
}
