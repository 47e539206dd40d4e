import type { Command } from 'commander';
import { type Context, contextOf } from '../context.js';
import { LockDesk } from './lock-desk.js';
import { keyFileOf, openKey, type OperatorKey } from './operator-key.js';

export interface KeyOption {
  key?: string;
}

export type Opened = Context & { key: OperatorKey; desk: LockDesk };

/** Opens what every command of an operator works with. */
export function opened(network: string, { key: option }: KeyOption, command: Command): Opened {
  const context = contextOf(command);
  const key = openKey(keyFileOf(network, option), network);
  return { ...context, key, desk: new LockDesk(context.api, network) };
}
