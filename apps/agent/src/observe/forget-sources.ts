/** A command line holds so many. */
const AT_ONCE = 500;

/**
 * Arguments of `wg set` that give every peer the endpoint that it has. wireguard-go sends from the address and interface that a peer
 * was heard on, and goes on with them when they are gone, for 15 s; a peer whose endpoint is set has none yet. The kernel looks by itself.
 * @param dump `wg show IF dump`
 */
export function forgetSources(interfaceName: string, dump: string): string[][] {
  const [, ...lines] = dump.split('\n').filter((line) => line !== '');
  const peers = lines
    .map((line) => line.split('\t'))
    .filter(([, , endpoint]) => endpoint !== undefined && endpoint !== '(none)')
    .map(([publicKey = '', , endpoint = '']) => ['peer', publicKey, 'endpoint', endpoint]);
  const batches = Array.from({ length: Math.ceil(peers.length / AT_ONCE) }, (_, n) =>
    peers.slice(n * AT_ONCE, (n + 1) * AT_ONCE),
  );
  return batches.map((batch) => ['set', interfaceName, ...batch.flat()]);
}
