import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import type { EventStore, NewFact, RecordedFact } from './event-store.js';

/** What version 1 of every stream follows. */
export const GENESIS_HASH = '0'.repeat(64);

/** A fact with its hash and the canonical JSON (RFC 8785) that was hashed: what a store keeps. */
export interface ChainedFact {
  stream: string;
  version: number;
  type: string;
  /** Canonical JSON. */
  data: string;
  /** Canonical JSON. */
  metadata: string;
  /** Lower-case hex. */
  hash: string;
}

/** Where a chain stands: the newest version and its hash. */
export interface ChainHead {
  version: number;
  hash: string;
}

export type ChainVerdict =
  | ({ ok: true } & ChainHead)
  | {
      ok: false;
      /** The first version that is wrong. */
      version: number;
      /** `version`: a fact is missing, doubled or of another stream. `hash`: it, or what it followed, was changed. */
      differs: 'version' | 'hash';
      expected: string;
      found: string;
    };

/**
 * Chains new facts onto a stream's head. The hash of a fact is SHA-256 (lower-case hex) over its predecessor's hash
 * followed by the canonical JSON of `{data, metadata, stream, type, version}`.
 * @param hasher SHA-256 of a UTF-8 text; an adapter may bring a faster one
 */
export function chainFacts(
  stream: string,
  head: ChainHead,
  facts: NewFact[],
  hasher: (text: string) => string = sha256Hex,
): ChainedFact[] {
  let { version, hash } = head;
  return facts.map((fact) => {
    version += 1;
    const data = canonicalJson(fact.data);
    const metadata = canonicalJson(fact.metadata);
    hash = hasher(hash + contentText({ stream, version, type: fact.type, data, metadata }));
    return { stream, version, type: fact.type, data, metadata, hash };
  });
}

/**
 * Checks a run of one stream's facts as they were recorded (`read` with `asRecorded`), from `after` on. It cannot see
 * that the newest facts were cut off: compare the head with one noted elsewhere for that.
 */
export function verifyChain(
  facts: RecordedFact[],
  after: ChainHead = { version: 0, hash: GENESIS_HASH },
): ChainVerdict {
  let head = after;
  const stream = facts[0]?.stream;
  for (const fact of facts) {
    const version = head.version + 1;
    if (fact.version !== version || fact.stream !== stream) {
      const found = `${fact.stream}:${fact.version}`;
      return { ok: false, version, differs: 'version', expected: `${stream}:${version}`, found };
    }
    const [chained] = chainFacts(fact.stream, head, [fact]);
    if (chained?.hash !== fact.hash) {
      return { ok: false, version, differs: 'hash', expected: chained?.hash ?? '', found: fact.hash };
    }
    head = { version, hash: fact.hash };
  }
  return { ok: true, ...head };
}

/** Checks a whole stream, a page at a time. An unknown stream is an intact chain of version 0. */
export async function verifyStream(store: EventStore, stream: string, pageSize = 1000): Promise<ChainVerdict> {
  let head: ChainHead = { version: 0, hash: GENESIS_HASH };
  for (;;) {
    const facts = await store.read(stream, { after: head.version, limit: pageSize, asRecorded: true });
    const verdict = verifyChain(facts, head);
    if (!verdict.ok || facts.length === 0) return verdict;
    head = verdict;
  }
}

/** Canonical JSON of the hashed content, put together from the parts that are canonical already. */
function contentText(fact: Omit<ChainedFact, 'hash'>): string {
  const { data, metadata, version } = fact;
  const [stream, type] = [JSON.stringify(fact.stream), JSON.stringify(fact.type)];
  return `{"data":${data},"metadata":${metadata},"stream":${stream},"type":${type},"version":${version}}`;
}
