import { pathOf, segment, type Target, textOf } from '../arguments.js';
import type { Context } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import type { GatewayView } from '../gateways/gateway.view.js';
import type { ClientConfigView } from './client-config.js';
import type { ClientView } from './client.view.js';
import { forgetKey, interruptedKey, keepKey, partOf } from './config-file.js';
import { keyPairOf, newKeyPair } from './key-pair.js';

export interface NewClient {
  target: Target;
  gateway: string;
  allowed?: string[];
  /** Given when the key pair was made elsewhere. */
  publicKey?: string;
  /** File that the configuration will go to. */
  out?: string;
}

export interface CreatedClient {
  client: ClientView;
  config: ClientConfigView;
  /** null: it was made elsewhere. */
  privateKey: string | null;
}

/**
 * Makes a key pair, tells the server its public half and reads back the configuration. Whatever fails on the way, either
 * there is no such client or its private key is where the user was told.
 */
export async function createClient(context: Context, wanted: NewClient): Promise<CreatedClient> {
  const { api } = context;
  const { target, gateway } = wanted;
  // Asked first, so that a wrong name or a server that is away costs no key.
  await api.get<GatewayView>(pathOf('gateways', { network: target.network, name: gateway }));
  const keys = keysFor(wanted);
  const client = await post(context, wanted, keys);
  try {
    // By id: since an earlier run, another client may have got the name.
    const path = pathOf('clients', { network: target.network, name: client.clientId });
    const config = await api.get<ClientConfigView>(`${path}/config`);
    return { client, config, privateKey: keys.privateKey };
  } catch (error) {
    return withoutConfig(error, context, { wanted, keys, clientId: client.clientId });
  }
}

interface Keys {
  privateKey: string | null;
  publicKey: string;
  /** An earlier run, which did not end, made them. */
  resumed: boolean;
}

function keysFor({ target, publicKey, out }: NewClient): Keys {
  if (publicKey !== undefined) return { privateKey: null, publicKey, resumed: false };
  const earlier = out && interruptedKey(out, textOf(target));
  if (earlier) return { ...keyPairOf(earlier)!, resumed: true };
  const pair = newKeyPair();
  if (out) keepKey(out, textOf(target), pair.privateKey);
  return { ...pair, resumed: false };
}

async function post(context: Context, wanted: NewClient, keys: Keys): Promise<ClientView> {
  const { target, gateway, allowed, out } = wanted;
  const body = { name: target.name, publicKey: keys.publicKey, gateway, ...(allowed && { allowed }) };
  // The key pair is this run's own, so its repetition is the same request and gets the first answer.
  const options = keys.privateKey === null ? {} : { idempotencyKey: `client ${keys.publicKey}` };
  try {
    return await context.api.post<ClientView>(`/networks/${segment(target.network)}/clients`, body, options);
  } catch (error) {
    if (!isRefusal(error)) throw unfinished(error, context, wanted, keys);
    if (keys.resumed) throw failed(error, interrupted(target, out!));
    if (out && keys.privateKey !== null) forgetKey(out);
    throw error;
  }
}

/** The client is there and cannot be set up: it goes again, unless the key is safe and a repetition can finish it. */
async function withoutConfig(
  error: unknown,
  context: Context,
  { wanted, keys, clientId }: { wanted: NewClient; keys: Keys; clientId: string },
): Promise<CreatedClient> {
  const { target, out } = wanted;
  const isGone = error instanceof CommandFailed && error.exitCode === EXIT.notFound;
  if (isGone && keys.resumed && out) {
    // The earlier run made it, and somebody has deleted it since.
    forgetKey(out);
    return createClient(context, wanted);
  }
  const canBeRepeated = out !== undefined && keys.privateKey !== null && !isRefusal(error);
  if (canBeRepeated || !(await deleted(context, { network: target.network, name: clientId })))
    throw unfinished(error, context, wanted, keys);
  if (out !== undefined) forgetKey(out);
  throw failed(error, 'the client was taken back');
}

/** The server said no: nothing was made. */
const isRefusal = (error: unknown) =>
  error instanceof CommandFailed && error.status !== undefined && error.status < 500;

async function deleted({ api }: Context, target: Target): Promise<boolean> {
  try {
    await api.delete(pathOf('clients', target));
    return true;
  } catch (error) {
    return error instanceof CommandFailed && error.exitCode === EXIT.notFound;
  }
}

/** The client may exist, so its key has to stay somewhere. */
function unfinished(error: unknown, { print }: Context, { target, out }: NewClient, { privateKey }: Keys): unknown {
  const unknown = `whether client ${textOf(target)} was made is not known`;
  if (privateKey === null) return failed(error, unknown);
  if (out) return failed(error, `${unknown}: repeat the command, its key is in ${partOf(out)}`);
  print(`[Interface]\nPrivateKey = ${privateKey}`);
  return failed(
    error,
    `${unknown}: its private key is printed, \`tombolo client config --private-key-file\` makes the rest of it`,
  );
}

const interrupted = (target: Target, out: string) =>
  `${partOf(out)} is left of an earlier run: if that made the client, \`tombolo client config ${textOf(target)} ` +
  `--private-key-file ${partOf(out)} --out ${out}\` finishes it; else remove the file`;

const failed = (error: unknown, what: string) =>
  error instanceof CommandFailed ? new CommandFailed(error.exitCode, `${error.message}; ${what}`, error.status) : error;
