import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import type { Counters, ObservedFirewall } from '../observed-device.js';

interface Listed {
  chain?: { name: string };
  counter?: { name: string; packets: number; bytes: number };
}

/**
 * The table as `nft -j list table` shows it. Whether it is still what we wrote cannot be told by comparing it with our
 * text, which nft shows in other words in each version; so when it was written, it was listed, and the digest of that
 * listing put into it, as the name of an empty chain (`sealName`).
 */
export function readFirewall(text: string): ObservedFirewall {
  const listed = (JSON.parse(text) as { nftables: Listed[] }).nftables;
  const counters: Counters = {};
  for (const { counter } of listed)
    if (counter) counters[counter.name] = { packets: counter.packets, bytes: counter.bytes };
  const seals = listed.flatMap(({ chain }) => SEAL.exec(chain?.name ?? '') ?? []);
  const [, digest = null, content] = seals.length === 3 ? seals : [];
  return { digest: content === contentDigest(text) ? digest : null, counters };
}

/** Name of the chain that says: this is the firewall `digest`, and its listing is `text`. */
export const sealName = (digest: string, text: string) => `sealed_${digest}_${contentDigest(text)}`;

const SEAL = /^sealed_([0-9a-f]{16})_([0-9a-f]{16})$/;

/** Of everything but what changes by itself: handles, counts, nft's version. */
function contentDigest(text: string): string {
  const { nftables } = JSON.parse(text) as { nftables: Record<string, Record<string, unknown>>[] };
  const content = nftables
    .filter((entry) => !('metainfo' in entry) && !SEAL.test(String(entry.chain?.name)))
    .map((entry) =>
      Object.fromEntries(
        Object.entries(entry).map(([kind, { handle: _, ...body }]) => {
          if (kind === 'counter') return [kind, { ...body, packets: 0, bytes: 0 }];
          return [kind, body];
        }),
      ),
    );
  return sha256Hex(canonicalJson(content)).slice(0, 16);
}
