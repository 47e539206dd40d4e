import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { ApiRole } from '#contracts/facts.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { nameErrors, oneOfErrors, refuseInvalid } from '#topology/fields.js';
import { refuseStale } from '#topology/lookup.js';
import { systemFold, type SystemState, type TokenState } from '#topology/system-fold.js';
import { tokenView } from '#topology/view.js';

export interface CreateApiToken extends CommandMeta {
  /** UUIDv7 */
  tokenId: string;
  /** Names the actor in the log: unique among tokens in force. */
  name: string;
  /** SHA-256 of the secret, hex: the secret itself never comes here. */
  secretHash: string;
  role: ApiRole;
}

export interface RevokeApiToken extends GuardedCommand {
  tokenId: string;
}

/** Answer: TokenView. @throws Refusal `invalid`, `name_taken` */
export function decideCreateApiToken(command: CreateApiToken, state: SystemState): Decision {
  const { tokenId, name, secretHash, role } = command;
  refuseInvalid([...nameErrors(name), ...oneOfErrors('role', role ?? '', ['admin', 'operator', 'viewer'])]);
  const other = state.tokens.find((token) => token.name === name && !token.revoked);
  if (other) throw new Refusal('name_taken', `the name "${name}" is taken by token ${other.tokenId}; choose another`);
  const facts = factsOf(command, { type: 'ApiTokenCreated', data: { tokenId, name, secretHash, role } });
  return { facts, answer: tokenView(tokenOf(foldNew(systemFold, state, facts), tokenId)) };
}

/** Answer: TokenView. @throws Refusal `not_found`, `version_mismatch`, `last_admin` */
export function decideRevokeApiToken(command: RevokeApiToken, state: SystemState): Decision {
  const { tokenId } = command;
  const token = tokenOf(state, tokenId);
  refuseStale(command, token);
  if (token.revoked) return { facts: [], answer: tokenView(token) };
  if (token.role === 'admin' && adminsOf(state) === 1)
    throw new Refusal('last_admin', `"${token.name}" is the last admin token; make another before you revoke it`);
  const facts = factsOf(command, { type: 'ApiTokenRevoked', data: { tokenId } });
  return { facts, answer: tokenView(tokenOf(foldNew(systemFold, state, facts), tokenId)) };
}

function tokenOf({ tokens }: SystemState, tokenId: string): TokenState {
  const token = tokens.get(tokenId);
  if (!token) throw new Refusal('not_found', `there is no API token with id ${tokenId}`);
  return token;
}

const adminsOf = ({ tokens }: SystemState) => tokens.count((token) => token.role === 'admin' && !token.revoked);
