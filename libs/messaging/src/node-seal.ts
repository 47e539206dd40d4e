import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomFillSync,
  type KeyObject,
} from 'node:crypto';

/** X25519 key pair, base64 of the raw 32 bytes each: the form that WireGuard and tweetnacl's `box.keyPair` use too. */
export interface SealKeys {
  publicKey: string;
  /** Secret. */
  privateKey: string;
}

const PURPOSE = 'tombolo node stream v1';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Asks for the keys in the form in which they leave: Node 20 locks itself out for good when what made a pair is collected
 * while one of the pair is exported.
 */
export function createSealKeys(): SealKeys {
  const { publicKey, privateKey } = generateKeyPairSync('x25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  // RFC 8410 §4 and §7: both frames end with the raw key.
  const raw = (der: Buffer) => der.subarray(-KEY_BYTES).toString('base64');
  return { publicKey: raw(publicKey), privateKey: raw(privateKey) };
}

/** Controller side: seals desired state for many nodes and keeps their keys, so that only the first seal costs a key agreement. */
export class NodeSealer {
  readonly #agreement: KeyAgreement;
  readonly #keys = new Map<string, { controlKey: string; key: Buffer }>();
  readonly #nonces = Buffer.alloc(NONCE_BYTES * 1024);
  #nextNonce = this.#nonces.length;

  /** @param privateKey the controller's, base64 of 32 bytes */
  constructor(privateKey: string) {
    this.#agreement = new KeyAgreement(privateKey);
  }

  /**
   * @param controlKey the node's X25519 public key, base64 of 32 bytes
   * @param headText authenticated, not encrypted
   * @returns nonce (12 bytes), ciphertext, tag (16 bytes)
   */
  seal(nodeId: string, controlKey: string, headText: string, body: Uint8Array): Buffer {
    const nonce = this.#nonce();
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(nodeId, controlKey), nonce);
    cipher.setAAD(associatedData(nodeId, headText));
    // Put together by hand: `Buffer.concat` costs as much as the cipher does.
    const sealed = Buffer.allocUnsafe(NONCE_BYTES + body.length + TAG_BYTES);
    nonce.copy(sealed);
    cipher.update(body).copy(sealed, NONCE_BYTES);
    // A stream cipher keeps nothing back.
    cipher.final();
    cipher.getAuthTag().copy(sealed, NONCE_BYTES + body.length);
    return sealed;
  }

  /** Agrees on the node's key ahead of its first seal. */
  prepare(nodeId: string, controlKey: string): void {
    this.#keyOf(nodeId, controlKey);
  }

  forget(nodeId: string): void {
    this.#keys.delete(nodeId);
  }

  #keyOf(nodeId: string, controlKey: string): Buffer {
    const cached = this.#keys.get(nodeId);
    if (cached?.controlKey === controlKey) return cached.key;
    const key = this.#agreement.keyFor(PURPOSE, nodeId, controlKey);
    this.#keys.set(nodeId, { controlKey, key });
    return key;
  }

  /** Random nonces from a pool: one call to the generator per 1,024 seals. Each is used once. */
  #nonce(): Buffer {
    if (this.#nextNonce === this.#nonces.length) {
      randomFillSync(this.#nonces);
      this.#nextNonce = 0;
    }
    const nonce = this.#nonces.subarray(this.#nextNonce, this.#nextNonce + NONCE_BYTES);
    this.#nextNonce += NONCE_BYTES;
    return nonce;
  }
}

/** Agent side: what the controller sealed for this node, and nothing else, opens. */
export class SealOpener {
  readonly #key: Buffer;

  constructor(
    readonly nodeId: string,
    /** Base64 of 32 bytes each: the node's own private key and the controller's public key. */
    keys: { privateKey: string; controllerKey: string },
  ) {
    this.#key = new KeyAgreement(keys.privateKey).keyFor(PURPOSE, nodeId, keys.controllerKey);
  }

  /** @returns undefined when it was not sealed by the controller for this node and this head */
  open(headText: string, sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAAD(associatedData(this.nodeId, headText));
    decipher.setAuthTag(sealed.subarray(end));
    try {
      const body = decipher.update(sealed.subarray(NONCE_BYTES, end));
      // A stream cipher keeps nothing back; it throws where the tag is another.
      decipher.final();
      return body;
    } catch {
      return undefined;
    }
  }
}

const associatedData = (nodeId: string, headText: string) => Buffer.from(`${nodeId}\n${headText}`);

/** Agrees on the keys that controller and node share, one for each purpose, from either side. */
export class KeyAgreement {
  readonly #privateKey: KeyObject;

  /** @param privateKey the own one, base64 of 32 bytes; reading it costs more than the agreement */
  constructor(privateKey: string) {
    this.#privateKey = privateKeyOf(privateKey);
  }

  /** @param publicKey the other's, base64 of 32 bytes */
  keyFor(purpose: string, nodeId: string, publicKey: string): Buffer {
    const shared = diffieHellman({ privateKey: this.#privateKey, publicKey: publicKeyOf(publicKey) });
    return Buffer.from(hkdfSync('sha256', shared, '', purpose + nodeId, 32));
  }
}

/** As JWK (RFC 8037): OpenSSL reads it ten times faster than DER. */
function publicKeyOf(base64: string): KeyObject {
  const x = rawKey(base64).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
}

/** RFC 8410 §7: the PKCS#8 frame of a raw X25519 key. A JWK would need the public half too. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

function privateKeyOf(base64: string): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_X25519, rawKey(base64)]), format: 'der', type: 'pkcs8' });
}

function rawKey(base64: string): Buffer {
  const raw = Buffer.from(base64, 'base64');
  if (raw.length !== KEY_BYTES)
    throw new RangeError(`an X25519 key has 32 bytes, not ${raw.length}: give it as base64`);
  return raw;
}
