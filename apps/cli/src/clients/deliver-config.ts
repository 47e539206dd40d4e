import { readFileSync, statSync } from 'node:fs';
import { type Target, textOf } from '../arguments.js';
import type { Context } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { renderData } from '../output/render.js';
import { type ClientConfigView, leaksNames, privateKeyIn, withPrivateKey } from './client-config.js';
import type { ClientView } from './client.view.js';
import { writeConfig } from './config-file.js';
import { drawQr } from './qr.js';

export interface Delivery {
  out?: string;
  qr?: boolean;
}

/** Refuses what cannot be delivered, and asks before a file is overwritten; before anything is made. */
export async function prepare({ format, confirm }: Context, { out, qr }: Delivery, hasKey: boolean): Promise<void> {
  if (qr && !hasKey)
    throw new CommandFailed(
      EXIT.usage,
      '--qr needs the private key: a configuration without it is of no use to a phone',
    );
  if (qr && format !== 'table') throw new CommandFailed(EXIT.usage, '--qr draws for people: leave --output out');
  const there = out === undefined ? undefined : statSync(out, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw new CommandFailed(EXIT.usage, `--out: ${out} is a folder`);
  if (there) await confirm(`Overwrite ${out}?`);
}

/** The configuration to where it was asked for; secrets only there. */
export function deliver(
  context: Context,
  target: Target,
  { client, config, privateKey }: { client: ClientView; config: ClientConfigView; privateKey: string | null },
  { out, qr }: Delivery,
): void {
  const { print, warn, format } = context;
  const text = privateKey === null ? config.text : withPrivateKey(config.text, privateKey);
  if (leaksNames(config)) warn('all traffic goes through the tunnel, but names are still asked where they were before');
  if (out !== undefined) writeConfig(out, text);
  const where = out === undefined ? {} : { file: out };
  if (format !== 'table') {
    print(renderData(format, { ...client, ...(out === undefined ? { config: text } : where) }));
    return;
  }
  if (qr) showQr(context, text);
  if (out !== undefined) print(`client ${textOf(target)}: the configuration is in ${out}`);
  if (out === undefined && !qr) print(text.trimEnd());
  if (privateKey === null) warn('fill in PrivateKey: only the side that made the key pair has it');
  else if (out === undefined) warn('this holds the private key and is shown once: treat it as a password');
}

/** The private key in a file: alone, or in a configuration. */
export function readPrivateKey(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `--private-key-file: ${(error as Error).message}`);
  }
  const key = privateKeyIn(text);
  if (!key) throw new CommandFailed(EXIT.usage, `--private-key-file: ${file} holds no WireGuard private key`);
  return key;
}

function showQr({ print, warn }: Context, text: string): void {
  const drawn = drawQr(text.replace(/^(#.*)?\n/gm, ''));
  if (!drawn) warn('the configuration is too long for a QR code');
  print(drawn ?? text.trimEnd());
}
