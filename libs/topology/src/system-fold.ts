import { Map as ImmutableMap } from 'immutable';
import type { Fold } from '#contracts/decision.js';
import type { ApiRole, RecordedFact, SystemFact } from '#contracts/facts.js';
import type { SourceRecord } from '#contracts/sources.js';

/** The fold of the stream `system`: what lies outside any network. */
export interface SystemState {
  /** Log version of the newest fact folded; 0 before the first. */
  version: number;
  networks: ImmutableMap<string, ListedNetwork>;
  networkIdByName: ImmutableMap<string, string>;
  /** Revoked tokens stay listed: the log names them as actors. */
  tokens: ImmutableMap<string, TokenState>;
  /** SHA-256 of the secret, hex → token id; tokens in force only. */
  tokenIdByHash: ImmutableMap<string, string>;
  /** Revoked sources stay: their names are never given again. */
  sources: ImmutableMap<string, SourceState>;
  sourceIdByName: ImmutableMap<string, string>;
}

export interface SourceState extends SourceRecord {
  revoked: boolean;
  createdAt: string;
  version: number;
}

export interface ListedNetwork {
  networkId: string;
  name: string;
  cidr: string | null;
  cidr6: string | null;
}

export interface TokenState {
  tokenId: string;
  name: string;
  secretHash: string;
  role: ApiRole;
  revoked: boolean;
  createdAt: string;
  version: number;
}

/** How the facts of the stream `system` become its state. */
export const systemFold: Fold<SystemState> = {
  schema: 2,
  initialState: {
    version: 0,
    networks: ImmutableMap(),
    networkIdByName: ImmutableMap(),
    tokens: ImmutableMap(),
    tokenIdByHash: ImmutableMap(),
    sources: ImmutableMap(),
    sourceIdByName: ImmutableMap(),
  },
  evolve: (state, fact) => ({ ...state, ...changesOf(state, fact as RecordedFact<SystemFact>), version: fact.version }),
  toJson,
  fromJson,
};

function changesOf(state: SystemState, fact: RecordedFact<SystemFact>): Partial<SystemState> {
  const { version } = fact;
  switch (fact.type) {
    case 'NetworkListed':
      return {
        networks: state.networks.set(fact.data.networkId, fact.data),
        networkIdByName: state.networkIdByName.set(fact.data.name, fact.data.networkId),
      };
    case 'NetworkDelisted': {
      const network = state.networks.get(fact.data.networkId);
      return {
        networks: state.networks.delete(fact.data.networkId),
        networkIdByName: network ? state.networkIdByName.delete(network.name) : state.networkIdByName,
      };
    }
    case 'ApiTokenCreated': {
      const token = { ...fact.data, revoked: false, createdAt: fact.metadata.at, version };
      return {
        tokens: state.tokens.set(token.tokenId, token),
        tokenIdByHash: state.tokenIdByHash.set(token.secretHash, token.tokenId),
      };
    }
    case 'ApiTokenRevoked': {
      const token = state.tokens.get(fact.data.tokenId);
      return token
        ? {
            tokens: state.tokens.set(token.tokenId, { ...token, revoked: true, version }),
            tokenIdByHash: state.tokenIdByHash.delete(token.secretHash),
          }
        : {};
    }
    case 'SourceCreated': {
      const source = { ...fact.data, revoked: false, createdAt: fact.metadata.at, version };
      return {
        sources: state.sources.set(source.sourceId, source),
        sourceIdByName: state.sourceIdByName.set(source.name, source.sourceId),
      };
    }
    case 'SourceRevoked': {
      const source = state.sources.get(fact.data.sourceId);
      return source ? { sources: state.sources.set(source.sourceId, { ...source, revoked: true, version }) } : {};
    }
    default:
      return {};
  }
}

interface SystemStateJson {
  version: number;
  networks: ListedNetwork[];
  tokens: TokenState[];
  sources: SourceState[];
}

/** Sorted, so that equal states give equal bytes; indexes are left out. */
function toJson(state: SystemState): SystemStateJson {
  return {
    version: state.version,
    networks: [...state.networks.values()].sort((a, b) => (a.networkId < b.networkId ? -1 : 1)),
    tokens: [...state.tokens.values()].sort((a, b) => (a.tokenId < b.tokenId ? -1 : 1)),
    sources: [...state.sources.values()].sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1)),
  };
}

function fromJson(json: unknown): SystemState {
  const { version, networks, tokens, sources } = json as SystemStateJson;
  const inForce = tokens.filter((token) => !token.revoked);
  return {
    version,
    networks: ImmutableMap(networks.map((network) => [network.networkId, network])),
    networkIdByName: ImmutableMap(networks.map((network) => [network.name, network.networkId])),
    tokens: ImmutableMap(tokens.map((token) => [token.tokenId, token])),
    tokenIdByHash: ImmutableMap(inForce.map((token) => [token.secretHash, token.tokenId])),
    sources: ImmutableMap(sources.map((source) => [source.sourceId, source])),
    sourceIdByName: ImmutableMap(sources.map((source) => [source.name, source.sourceId])),
  };
}
