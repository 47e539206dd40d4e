import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** First byte of a packed body; JSON begins with another. */
const PACKED = 0x01;

/** What bodies are full of, the commonest last (RFC 1951 windows look back): part of the format, never to be changed. */
const DICTIONARY = Buffer.from(
  '{"resources":[{"name":"interface","network":"office","node":"addresses":["10.90.0.1/32","fd00::1/128"],"mtu":1420,"keepalive":25}' +
    '{"name":"route/10.90.0.0/16","cidr":"10.90.0.0/16"}"forward":true,"removed":["peer/0198' +
    '],"removed":[]}{"upserts":[{"name":"peer/01a1","node":"node-1","publicKey":"=","allowedIps":["10.90.0.2/32","fd00:::2/128"],"endpoint":"203.0.113.1:51820"},' +
    '"/128"],"endpoint":null}],"removed":[]}',
);

/** Above this, the last tenth of size would cost most of the time. */
const SMALL = 4_096;

/** Most that a body may grow to: 8 MB of compressed peers are less. */
const LARGEST = 128 * 1024 * 1024;

/**
 * Packs the JSON of a body: deflate (RFC 1951) with a dictionary, since one peer repeats little in itself. A join's body
 * shrinks to a half, which counts where one change goes to ten thousand nodes. Packed before it is sealed, once for all.
 */
export function packBody(json: Uint8Array): Uint8Array {
  return Buffer.concat([
    Buffer.of(PACKED),
    deflateRawSync(json, { dictionary: DICTIONARY, level: json.length > SMALL ? 1 : 9 }),
  ]);
}

/** @returns the JSON; undefined when it is neither packed nor plain */
export function unpackBody(body: Buffer): string | undefined {
  if (body[0] !== PACKED) return body.toString();
  try {
    return inflateRawSync(body.subarray(1), { dictionary: DICTIONARY, maxOutputLength: LARGEST }).toString();
  } catch {
    return undefined;
  }
}
