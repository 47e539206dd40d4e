import { nameservers } from './dns-note.js';

test('nameservers of resolv.conf: literal addresses without a zone', () => {
  const text = `# made by hand
nameserver 192.168.1.1
  nameserver 2001:db8::53
nameserver fe80::1%eth0
#nameserver 10.0.0.1
search nameserver example.org
options edns0
nameserver	10.0.0.2  `;
  expect(nameservers(text)).toEqual(['192.168.1.1', '2001:db8::53', '10.0.0.2']);
});
