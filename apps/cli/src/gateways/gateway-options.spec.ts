import { type GatewayOptions, newGateway, usersOf } from './gateway-options.js';

const egress: GatewayOptions = { kind: 'egress', node: ['a', 'b'], range: ['192.168.7.0/24'] };
const door: GatewayOptions = { kind: 'cluster', node: ['a'], cluster: 'east' };

test('what was given goes to the server under its names, what was not stays out', () => {
  expect(newGateway('db', { ...egress, masquerade: false, probe: { address: '192.168.7.1', port: 5432 } })).toEqual({
    name: 'db',
    kind: 'egress',
    nodes: ['a', 'b'],
    ranges: ['192.168.7.0/24'],
    masquerade: false,
    probe: { address: '192.168.7.1', port: 5432 },
  });
  expect(newGateway('door', door)).toEqual({ name: 'door', kind: 'cluster', nodes: ['a'], cluster: 'east' });
  expect(newGateway('out', { kind: 'internet', node: ['a'], userNode: ['b'], userClient: ['phone'] })).toEqual({
    name: 'out',
    kind: 'internet',
    nodes: ['a'],
    users: { nodes: ['b'], clients: ['phone'] },
  });
});

test.each<[string, GatewayOptions]>([
  ['--range', { ...egress, range: undefined }],
  ['--cluster', { ...door, cluster: undefined }],
  ['--range belongs to --kind egress', { ...door, range: ['10.0.0.0/8'] }],
  ['--cluster belongs to --kind cluster', { ...egress, cluster: 'east' }],
  ['--user-node belongs to --kind internet', { ...egress, userNode: ['c'] }],
  ['--user-client belongs to --kind internet', { ...door, userClient: ['phone'] }],
  ['--probe', { kind: 'ingress', node: ['a'], probe: { address: '10.0.0.1' } }],
  ['--node a is there twice', { ...egress, node: ['a', 'b', 'a'] }],
])('refused before the server is asked: %s', (why, options) => {
  expect(() => newGateway('x', options)).toThrow(why);
});

test("users not named stay as they are, '' names nobody", () => {
  expect(usersOf({})).toBeUndefined();
  expect(usersOf({ userNode: ['a'] })).toEqual({ nodes: ['a'] });
  expect(usersOf({ userClient: [''] })).toEqual({ clients: [] });
});
