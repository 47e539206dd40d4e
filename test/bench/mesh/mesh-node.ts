import { randomBytes } from 'node:crypto';
import type { EnrolRequest, EnrolResponse } from '#contracts/enrolment.js';
import { createSealKeys } from '#messaging/node-seal.js';
import { createUserKey } from '#messaging/nkeys.js';
import { natsKeyOf } from '../../support/network-facts.js';

/** What a machine makes for itself before it joins. */
export interface MeshNode {
  request: EnrolRequest;
  controlPrivateKey: string;
  /** Missing where the node does not log in by itself: making such a key takes 4 ms. */
  natsSeed?: string;
}

export interface EnrolledNode extends MeshNode {
  answer: EnrolResponse;
}

/**
 * Half of the nodes belong to one of 20 sites, each of these has a LAN endpoint; one node in four has a public one: a peer
 * looks different from inside and outside its site.
 */
export function createNode(n: number, { ownLogin }: { ownLogin: boolean }): MeshNode {
  const control = createSealKeys();
  const nats = ownLogin ? createUserKey() : { publicKey: natsKeyOf(randomBytes(32)), seed: undefined };
  const [high, low] = [(n >> 8) & 255, n & 255];
  const hasSite = n % 2 === 1;
  const endpoints: EnrolRequest['endpoints'] = [];
  if (n % 4 === 0) endpoints.push({ address: `203.0.${high}.${low}`, port: 51820, kind: 'public' });
  if (hasSite) endpoints.push({ address: `192.168.${high}.${low}`, port: 51820, kind: 'lan' });
  return {
    request: {
      name: `node-${String(n).padStart(5, '0')}`,
      publicKey: createSealKeys().publicKey,
      controlKey: control.publicKey,
      natsKey: nats.publicKey,
      endpoints,
      ...(hasSite && { site: `site-${((n - 1) / 2) % 20}` }),
    },
    controlPrivateKey: control.privateKey,
    natsSeed: nats.seed,
  };
}
