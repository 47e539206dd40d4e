import { keyPairOf } from './key-pair.js';

/** What the server knows of a client's WireGuard configuration: all but the private key. */
export interface ClientConfigView {
  addresses: string[];
  mtu: number;
  allowedIps: string[];
  /** Seconds. */
  keepalive: number;
  peer: { publicKey: string; endpoint: string };
  dns: string[] | null;
  /** A wg-quick file but for the value of its line `PrivateKey = `. */
  text: string;
}

const KEY_LINE = /^PrivateKey *=.*$/m;

/** A file that `wg-quick` and the WireGuard apps take. */
export function withPrivateKey(text: string, privateKey: string): string {
  const line = `PrivateKey = ${privateKey}`;
  return KEY_LINE.test(text) ? text.replace(KEY_LINE, line) : text.replace('[Interface]', `[Interface]\n${line}`);
}

/** The private key of a WireGuard configuration, or of a file that holds nothing else. */
export function privateKeyIn(text: string): string | undefined {
  const key = /^PrivateKey *= *(\S+)/m.exec(text)?.[1] ?? text.trim();
  return keyPairOf(key)?.privateKey;
}

/** Names of hosts still go where the client asked before, outside the tunnel. */
export const leaksNames = ({ allowedIps, dns }: ClientConfigView) =>
  dns === null && allowedIps.some((range) => range === '0.0.0.0/0' || range === '::/0');
