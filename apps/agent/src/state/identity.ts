import { isBaseUrl } from '#contracts/enrolment-token.js';
import { isId, isName } from '#contracts/names.js';
import { publicUserKey } from '#messaging/nkeys.js';
import { isWgKey } from '#wireguard/core/wg-key.js';
import { AgentFailure, messageOf } from '../failure.js';
import { readIfThere, writeDurably } from './files.js';
import { isBackendChoice, type BackendChoice } from './backend-choice.js';
import { isInterfaceName } from './interface-name.js';
import { JsonFields } from './json-fields.js';
import type { StateDir } from './state-dir.js';

/** Who this node is, once enrolled. Holds secrets; the WireGuard private key has a file of its own, which `wg` reads. */
export interface Identity {
  nodeId: string;
  network: string;
  name: string;
  /** Base URL of the HTTP API. */
  server: string;
  /** PEM; null: the system's roots. */
  ca: string | null;
  controllerKey: string;
  /** WireGuard public key. */
  publicKey: string;
  /** X25519 private key that desired state is sealed for. */
  controlPrivateKey: string;
  /** NATS user key. */
  natsSeed: string;
  interfaceName: string;
  listenPort: number;
  backend: BackendChoice;
}

/** @returns undefined when nothing has been joined here */
export async function readIdentity(dir: StateDir): Promise<Identity | undefined> {
  const text = await readIfThere(dir.file('identity'));
  if (text === undefined) return undefined;
  try {
    const fields = JsonFields.parse(text, dir.file('identity'));
    return {
      nodeId: fields.text('nodeId', isId),
      network: fields.text('network', isName),
      name: fields.text('name', isName),
      server: fields.text('server', isBaseUrl),
      ca: fields.textOrNull('ca'),
      controllerKey: fields.text('controllerKey', isWgKey),
      publicKey: fields.text('publicKey', isWgKey),
      controlPrivateKey: fields.text('controlPrivateKey', isWgKey),
      natsSeed: fields.text('natsSeed', (seed) => publicUserKey(seed) !== undefined),
      interfaceName: fields.text('interfaceName', isInterfaceName),
      listenPort: fields.whole('listenPort', 1, 65_535),
      backend: fields.text('backend', isBackendChoice) as BackendChoice,
    };
  } catch (error) {
    const advice = 'restore it from a backup, or remove the directory and join again';
    throw new AgentFailure('failed', `${messageOf(error)}: ${advice}`, { cause: error });
  }
}

export async function writeIdentity(dir: StateDir, identity: Identity): Promise<void> {
  await writeDurably(dir.file('identity'), `${JSON.stringify(identity, null, 2)}\n`);
}

/** @throws AgentFailure `notFound` */
export async function requireIdentity(dir: StateDir): Promise<Identity> {
  const identity = await readIdentity(dir);
  if (identity) return identity;
  throw new AgentFailure(
    'notFound',
    `no node has joined with the state in ${dir.path}: run "tombolo-agent up --token …"`,
  );
}
