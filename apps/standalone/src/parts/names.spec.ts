import { describe, expect, it } from '@jest/globals';
import { type NetworkInterfaceInfo } from 'node:os';
import { certificateNames, localAddress, needsTls, publicNatsUrl, publicUrl } from './names.js';
import { parseUpOptions, type UpOptions } from './options.js';

const card = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;
const machine = {
  lo: [card('127.0.0.1', true), card('::1', true)],
  eth0: [card('169.254.7.7'), card('fe80::1'), card('2001:db8::5'), card('192.0.2.5')],
  eth1: [card('198.51.100.9')],
};
const offline = { lo: machine.lo };
const given = (...args: string[]) => parseUpOptions(args, {}) as UpOptions;

describe('what the control plane is called', () => {
  it.each([
    [[], false],
    [['--http', '[::1]:80', '--nats', '127.8.8.8:1'], false],
    [['--http', '0.0.0.0:80'], true],
    [['--nats', '192.0.2.5:4222'], true],
    [['--tls-cert', 'c', '--tls-key', 'k'], true],
    [['--public-url', 'https://mesh.example.org'], false],
  ])('speaks TLS off loopback: %j is %s', (args, expected) => {
    expect(needsTls(given(...args))).toBe(expected);
  });

  it.each([
    [[], machine, 'http://127.0.0.1:9', 'nats://127.0.0.1:4222'],
    [['--http', '[::1]:0'], machine, 'http://[::1]:9', 'nats://127.0.0.1:4222'],
    [['--http', '0.0.0.0:0', '--nats', '0.0.0.0:4222'], machine, 'https://192.0.2.5:9', 'tls://192.0.2.5:4222'],
    [
      ['--http', '[::]:0', '--nats', '[::]:4222'],
      { eth0: [card('2001:db8::5')] },
      'https://[2001:db8::5]:9',
      'tls://[2001:db8::5]:4222',
    ],
    [['--http', '0.0.0.0:0'], offline, 'https://127.0.0.1:9', 'tls://127.0.0.1:4222'],
    [
      ['--http', '0.0.0.0:0', '--nats', '0.0.0.0:4222', '--public-url', 'https://mesh.example.org'],
      machine,
      'https://mesh.example.org',
      'tls://mesh.example.org:4222',
    ],
  ])('derives its URLs: %j', (args, interfaces, http, nats) => {
    const options = given(...args);
    const url = publicUrl(options, { ...options.http, port: 9 }, interfaces);
    expect(url).toBe(http);
    if (options.nats.kind === 'embedded') expect(publicNatsUrl(options, options.nats.listen, url)).toBe(nats);
  });

  it('puts every address it can be reached at into its certificate', () => {
    expect(certificateNames(given(), machine)).toEqual(['127.0.0.1', '::1', 'localhost']);
    expect(certificateNames(given('--nats', '10.0.0.1:4222'), machine)).toContain('10.0.0.1');
    expect(certificateNames(given('--http', '0.0.0.0:80', '--public-url', 'https://m.example'), machine)).toEqual([
      '127.0.0.1',
      '192.0.2.5',
      '198.51.100.9',
      '2001:db8::5',
      '::1',
      'localhost',
      'm.example',
    ]);
  });

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['192.0.2.5', '192.0.2.5'],
  ])('reaches what listens on %s at %s', (listens, at) => {
    expect(localAddress({ host: listens, port: 1 })).toEqual({ host: at, port: 1 });
  });
});
