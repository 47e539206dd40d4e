import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type DetailedPeerCertificate } from 'node:tls';
import { AgentFailure } from '../failure.js';

/** What a server must show: options for TLS; empty means the system's roots. */
export type ServerTrust = Pick<ConnectionOptions, 'ca' | 'checkServerIdentity' | 'allowPartialTrustChain'>;

const TIMEOUT_MS = 10_000;

/** Trust in what the enrolment returned. */
export const trustIn = (ca: string | null): ServerTrust => (ca === null ? {} : { ca });

/**
 * Trust in the certificate that a token pins, and nothing else: it is looked for in the chain that the server shows
 * (nothing is sent yet), and the connection that follows is verified with it as the only root. So a chain that merely
 * contains it proves nothing; it must have signed. A pinned server certificate stands for its server whatever its name.
 *
 * @param pin SHA-256 of the DER certificate, hex; null: the system's roots decide
 * @throws AgentFailure `refused` when the server shows another; Error when it does not answer
 */
export async function trustInPin(url: URL, pin: string | null): Promise<ServerTrust> {
  if (url.protocol !== 'https:') {
    if (pin !== null)
      throw new AgentFailure('usage', 'the enrolment token pins a certificate: give --server with https');
    if (!isLoopback(url.hostname))
      throw new AgentFailure(
        'usage',
        `${url.origin} is not encrypted, and not on this machine: the token would be sent in clear`,
      );
    return {};
  }
  if (pin === null) return {};
  const chain = await shownChain(url);
  const pinned = chain.find((certificate) => sha256(certificate.raw) === pin);
  if (!pinned) {
    const message = `${url.origin} does not show the certificate that the token pins: it is another server, or somebody is in between`;
    throw new AgentFailure('refused', message);
  }
  const trust = { ca: new X509Certificate(pinned.raw).toString(), allowPartialTrustChain: true };
  return pinned === chain[0] ? { ...trust, checkServerIdentity: () => undefined } : trust;
}

/** The server's certificate first. */
function shownChain(url: URL): Promise<DetailedPeerCertificate[]> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const servername = isIP(host) ? undefined : host;
    const socket = connect({ host, port: Number(url.port || 443), servername, rejectUnauthorized: false });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer within 10 s')));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const chain: DetailedPeerCertificate[] = [];
      let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
      // A self-signed certificate is its own issuer.
      while (next?.raw && !chain.includes(next)) {
        chain.push(next);
        next = next.issuerCertificate;
      }
      socket.destroy();
      resolve(chain);
    });
  });
}

const sha256 = (der: Buffer) => createHash('sha256').update(der).digest('hex');
const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
