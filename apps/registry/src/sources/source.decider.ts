import type { Decision } from '#contracts/decision.js';
import { isSigningKey } from '#contracts/ed25519.js';
import { type FieldError, Refusal } from '#contracts/errors.js';
import { SOURCE_COMMANDS, type SourceRecord } from '#contracts/sources.js';
import { type CommandMeta, factsOf, foldNew, type GuardedCommand } from '#topology/command.js';
import { nameErrors, oneOfErrors, refuseInvalid } from '#topology/fields.js';
import { refuseStale } from '#topology/lookup.js';
import { type SourceState, systemFold, type SystemState } from '#topology/system-fold.js';
import { sourceView } from '#topology/view.js';

export type CreateSource = CommandMeta & SourceRecord;

export interface RevokeSource extends GuardedCommand {
  sourceId: string;
}

/** Each has a consumer of its own at the broker, which bears a thousand. */
export const MOST_SOURCES = 200;
export const MOST_SOURCE_NETWORKS = 100;

/** Answer: SourceView. @throws Refusal `invalid`, `name_taken` and `public_key_taken`, also by a revoked source, `not_found` for a network */
export function decideCreateSource(command: CreateSource, state: SystemState): Decision {
  const { sourceId, name, account, publicKey } = command;
  const [networks, allow] = [[...new Set(command.networks)].sort(), [...new Set(command.allow)].sort()];
  refuseInvalid([
    ...nameErrors(name),
    ...listErrors('networks', networks, MOST_SOURCE_NETWORKS),
    ...listErrors('allow', allow, SOURCE_COMMANDS.length),
    ...(publicKey === undefined || isSigningKey(publicKey)
      ? []
      : [{ field: 'publicKey', message: 'must be an Ed25519 public key, base64 of 32 bytes' }]),
    ...allow.flatMap((one) => oneOfErrors('allow', one, SOURCE_COMMANDS)),
  ]);
  const gone = networks.find((networkId) => !state.networks.has(networkId));
  if (gone !== undefined) throw new Refusal('not_found', `there is no network with id ${gone}`);
  const other = state.sources.get(state.sourceIdByName.get(name) ?? '');
  if (other)
    throw new Refusal(
      'name_taken',
      `the name "${name}" is ${other.revoked ? 'that of a revoked source, and never given again' : 'taken by another source'}; choose another`,
    );
  const twin = publicKey !== undefined && state.sources.find((source) => source.publicKey === publicKey);
  if (twin) throw new Refusal('public_key_taken', `source "${twin.name}" signs with this key; make a key of its own`);
  if (state.sources.count((source) => !source.revoked) >= MOST_SOURCES)
    refuseInvalid([
      { field: 'name', message: `is one too many: ${MOST_SOURCES} sources are in force; revoke one first` },
    ]);
  const data = { sourceId, name, account, networks, allow, ...(publicKey !== undefined && { publicKey }) };
  const facts = factsOf(command, { type: 'SourceCreated', data });
  const after = foldNew(systemFold, state, facts);
  return { facts, answer: sourceView(after, sourceOf(after, sourceId)) };
}

/** Answer: SourceView. @throws Refusal `not_found`, `version_mismatch` */
export function decideRevokeSource(command: RevokeSource, state: SystemState): Decision {
  const { sourceId } = command;
  const source = sourceOf(state, sourceId);
  refuseStale(command, source);
  const facts = source.revoked ? [] : factsOf(command, { type: 'SourceRevoked', data: { sourceId } });
  const after = foldNew(systemFold, state, facts);
  return { facts, answer: sourceView(after, sourceOf(after, sourceId)) };
}

/** Finds a source by name or id. @throws Refusal not_found */
export function findSource(state: SystemState, nameOrId: string): SourceState {
  return sourceOf(state, state.sourceIdByName.get(nameOrId) ?? nameOrId);
}

function sourceOf({ sources }: SystemState, sourceId: string): SourceState {
  const source = sources.get(sourceId);
  if (!source)
    throw new Refusal('not_found', `There is no source "${sourceId}". GET /api/v1/sources lists those there are.`);
  return source;
}

function listErrors(field: string, list: readonly unknown[], most: number): FieldError[] {
  return list.length >= 1 && list.length <= most ? [] : [{ field, message: `must have 1 to ${most} entries` }];
}
