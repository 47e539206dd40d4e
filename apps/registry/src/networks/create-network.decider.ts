import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { DefaultPolicy, NetworkModel, NetworkSettings } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { parseNetworkRange } from '#ipam/network-range.js';
import { formatPrefix } from '#ipam/prefix.js';
import { factsOf, foldNew, type CommandMeta } from '#topology/command.js';
import { nameErrors, oneOfErrors, refuseInvalid } from '#topology/fields.js';
import { networkFold } from '#topology/network-fold.js';
import { firstFreeRange4, rangesOf, refuseOverlap, uniqueLocalRange, type OwnedRange } from '#topology/ranges.js';
import type { SystemState } from '#topology/system-fold.js';
import { networkView } from '#topology/view.js';
import { refusePoolCollisions, settingErrors, virtualPools, type PoolWishes } from './network-settings.js';

export interface CreateNetwork extends CommandMeta, PoolWishes {
  /** UUIDv7; becomes the name of the network's stream. */
  networkId: string;
  name: string;
  /** IPv4 range; `none`: no IPv4; left out: the first free 10.(90 + i).0.0/16. */
  cidr?: string;
  /** IPv6 range; `none`: no IPv6; left out: a unique local /64 from `randomBytes`. */
  cidr6?: string;
  model?: NetworkModel;
  mtu?: number;
  /** Seconds; 0: off. */
  keepalive?: number;
  defaultPolicy?: DefaultPolicy;
  /** Five random bytes. */
  randomBytes: Uint8Array;
}

const MODELS: readonly NetworkModel[] = ['flat', 'isolated', 'island', 'archipelago'];

/**
 * Decides on the stream `system`; the first fact of the network's own stream comes with it. Answer: NetworkView.
 * @throws Refusal `invalid`, `name_reserved`, `name_taken`, `cidr_invalid`, `cidr_overlap`, `range_exhausted`
 */
export function decideCreateNetwork(command: CreateNetwork, state: SystemState): Decision {
  const { networkId, name } = command;
  refuseInvalid([...nameErrors(name), ...oneOfErrors('model', command.model, MODELS), ...settingErrors(command)]);
  refuseTaken(name, state);
  const { cidr, cidr6 } = chooseRanges(command, rangesOf(state.networks.values()));
  const settings: NetworkSettings = {
    cidr,
    cidr6,
    model: command.model ?? 'flat',
    mtu: command.mtu ?? 1420,
    keepalive: command.keepalive ?? 25,
    defaultPolicy: command.defaultPolicy ?? 'allow',
    ...virtualPools(command),
  };
  const created = factsOf(command, { type: 'NetworkCreated', data: { networkId, name, ...settings } });
  const after = foldNew(networkFold, networkFold.initialState, created);
  refusePoolCollisions(after, settings);
  return {
    facts: factsOf(command, { type: 'NetworkListed', data: { networkId, name, cidr, cidr6 } }),
    also: [{ stream: networkId, expectedVersion: 0, facts: created }],
    answer: networkView(after),
  };
}

function refuseTaken(name: string, { networkIdByName }: SystemState): void {
  if (name === SYSTEM_STREAM)
    throw new Refusal('name_reserved', `the name "${SYSTEM_STREAM}" belongs to Tombolo itself; choose another`);
  const networkId = networkIdByName.get(name);
  if (networkId !== undefined)
    throw new Refusal('name_taken', `the name "${name}" is taken by network ${networkId}; choose another`);
}

function chooseRanges(command: CreateNetwork, others: OwnedRange[]): { cidr: string | null; cidr6: string | null } {
  if (command.cidr === 'none' && command.cidr6 === 'none')
    refuseInvalid([{ field: 'cidr', message: 'and cidr6 must not both be none: a network needs one range' }]);
  const range4 = command.cidr === undefined ? firstFreeRange4(others) : given(command.cidr, 4);
  const range6 = command.cidr6 === undefined ? uniqueLocalRange(command.randomBytes) : given(command.cidr6, 6);
  for (const range of [range4, range6]) if (range) refuseOverlap(range, others);
  return { cidr: range4 && formatPrefix(range4), cidr6: range6 && formatPrefix(range6) };
}

const given = (text: string, family: 4 | 6) => (text === 'none' ? null : parseNetworkRange(text, family));
