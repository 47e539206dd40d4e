import { officeCli } from './tombolo.js';

const { tombolo, json } = officeCli();

interface Gateway {
  nodes: { name: string }[];
  draining: { name: string }[];
  ranges: string[];
  masquerade: boolean;
  probe: object | null;
  users: { nodes: { name: string }[]; clients: { name: string }[] };
}
const gateway = (name: string) => json<Gateway>('gateway', 'show', `office/${name}`);
const egress = ['--kind', 'egress', '--node', 'a', '--node', 'b', '--range', '192.168.7.0/24'];

test('an egress gateway: who serves, what is behind it, how it is tried', () => {
  const made = tombolo('gateway', 'create', 'office/db', ...egress, '--probe', '192.168.7.1:5432');
  expect(made).toMatchObject({ code: 0, err: '' });
  for (const line of [/^active: +\w+/m, /^nodes: +a b$/m, /^serves: +192.168.7.0\/24$/m, /^probe: +192.168.7.1:5432$/m])
    expect(made.out).toMatch(line);
  expect(tombolo('gateway', 'list', 'office').out.split('\n')[1]).toMatch(/^db +egress +\w+ +a b +192.168.7.0\/24/);
});

test('what is set replaces what was there, and nothing else', () => {
  expect(tombolo('gateway', 'set', 'office/db', '--no-masquerade', '--probe', 'none').code).toBe(0);
  expect(gateway('db')).toMatchObject({ masquerade: false, probe: null, ranges: ['192.168.7.0/24'] });
  tombolo(
    'gateway',
    'set',
    'office/db',
    '--range',
    '192.168.7.0/24',
    '--range',
    '192.168.8.0/24',
    '--node',
    'b',
    '--node',
    'a',
  );
  const { masquerade, nodes, ranges } = gateway('db');
  expect({ masquerade, nodes: nodes.map(({ name }) => name), ranges }).toEqual({
    masquerade: false,
    nodes: ['b', 'a'],
    ranges: ['192.168.7.0/24', '192.168.8.0/24'],
  });
});

test('a node is drained and comes back', () => {
  expect(tombolo('gateway', 'drain', 'office/db', 'b').out).toMatch(/^draining: +b$/m);
  expect(gateway('db').draining).toMatchObject([{ name: 'b' }]);
  expect(tombolo('gateway', 'undrain', 'office/db', 'b').out).toMatch(/^draining: +-$/m);
});

test('users of an internet gateway are set by kind', () => {
  tombolo('gateway', 'create', 'office/in', '--kind', 'ingress', '--node', 'a');
  tombolo('node', 'set', 'office/a', '--endpoint', '203.0.113.7:51820');
  tombolo('client', 'create', 'office/tablet', '--gateway', 'in');
  tombolo('gateway', 'create', 'office/out', '--kind', 'internet', '--node', 'c', '--user-client', 'tablet');
  expect(tombolo('gateway', 'set', 'office/out', '--user-node', 'b').code).toBe(0);
  expect(gateway('out').users).toMatchObject({ nodes: [{ name: 'b' }], clients: [{ name: 'tablet' }] });
  expect(tombolo('gateway', 'set', 'office/out', '--user-client', '').code).toBe(0);
  expect(gateway('out').users).toMatchObject({ nodes: [{ name: 'b' }], clients: [] });
});

test.each([
  [['gateway', 'create', 'office/x', '--node', 'a'], 2, '--kind'],
  [['gateway', 'create', 'office/x', '--kind', 'egress', '--node', 'a'], 2, '--range'],
  [['gateway', 'create', 'office/x', '--kind', 'cluster', '--node', 'a'], 2, '--cluster'],
  [['gateway', 'create', 'office/x', '--kind', 'ingress', '--node', 'a', '--range', '10.0.0.0/8'], 2, '--range'],
  [['gateway', 'create', 'office/x', '--kind', 'ingress'], 2, '--node'],
  [['gateway', 'create', 'office/db', ...egress], 3, 'name_taken'],
  [['gateway', 'create', 'office/x', ...egress], 3, 'cidr_overlap'],
  [['gateway', 'create', 'office/x', '--kind', 'egress', '--node', 'zoe', '--range', '10.1.0.0/16'], 3, 'zoe'],
  [['gateway', 'create', 'office/x', '--kind', 'egress', '--node', 'a', '--range', '10.90.0.0/25'], 3, 'range_in_mesh'],
  [['gateway', 'create', 'office/x', '--kind', 'cluster', '--node', 'a', '--cluster', 'zoe'], 4, 'zoe'],
  [['gateway', 'show', 'office/zoe'], 4, 'zoe'],
  [['gateway', 'drain', 'office/db', 'c'], 3, 'gateway_member_unknown'],
  [['gateway', 'delete', 'office/db'], 2, '--yes'],
])('tombolo %j exits with %d and says why', (words, code, why) => {
  const result = tombolo(...words);
  expect(result.err).toContain(why);
  expect(result.code).toBe(code);
});

test('three clusters with the same ranges are linked: the virtual ranges are told, and can be asked for', () => {
  for (const [index, name] of ['north', 'south', 'west'].entries()) {
    tombolo('cluster', 'create', `office/${name}`, '--pods', '10.42.0.0/16', '--services', '10.43.0.0/16');
    const door = ['--kind', 'cluster', '--node', 'abc'[index]!, '--cluster', name];
    expect(tombolo('gateway', 'create', `office/${name}-door`, ...door).code).toBe(0);
  }
  expect(tombolo('cluster', 'link', 'office/north', 'south', '--on-overlap', 'refuse')).toMatchObject({
    code: 3,
    err: expect.stringMatching(/north.*south.*cidr_overlap/) as string,
  });
  const linked = tombolo('cluster', 'link', 'office/north', 'office/south');
  expect(linked).toMatchObject({ code: 0, err: '' });
  expect(linked.out).toMatch(/north has virtual ranges: 10.42.0.0\/16 as 100\.\S+\/16; 10.43.0.0\/16 as 100\.\S+\/16/);
  const before = tombolo('cluster', 'translate', 'office/north', '10.42.7.9').out;
  expect(before).toMatch(/^10.42.7.9 in the cluster is 100\.\d+\.7\.9 for everybody else$/);
  expect(tombolo('cluster', 'link', 'office/north', 'west').code).toBe(0);
  expect(tombolo('cluster', 'translate', 'office/north', '10.42.7.9').out).toBe(before);
  expect(tombolo('cluster', 'links', 'office').out.split('\n')).toHaveLength(3);
  expect(tombolo('cluster', 'show', 'office/north').out).toMatch(/^linked with: +south west$/m);

  expect(tombolo('cluster', 'link', 'office/north', 'elsewhere/west')).toMatchObject({ code: 2 });
  expect(tombolo('cluster', 'unlink', 'office/west', 'north', '--yes').code).toBe(0);
  expect(tombolo('cluster', 'unlink', 'office/west', 'north', '--yes').code).toBe(4);
});

test('a service is published where it is wanted, or where there is room', () => {
  const publish = (service: string, as: string) =>
    tombolo('cluster', 'publish', 'office/north', '--service', service, '--as', as);
  expect(publish('10.43.0.10:443', '10.90.0.99:443').out).toBe(
    'tcp 10.43.0.10:443 of north is published as 10.90.0.99:443',
  );
  expect(publish('10.43.0.11:443', ':8443').out).toMatch(/published as 10.90.0.\d+:8443$/);
  expect(publish('10.43.0.12:443', '10.90.0.99:443')).toMatchObject({ code: 3 });
  expect(publish('10.43.0.12', ':443')).toMatchObject({ code: 2 });
  expect(tombolo('cluster', 'publications', 'office').out.split('\n')).toHaveLength(3);
  const withdraw = () => tombolo('cluster', 'unpublish', 'office/north', '--as', '10.90.0.99:443');
  expect(withdraw()).toMatchObject({ code: 0 });
  expect(withdraw()).toMatchObject({ code: 4 });
});

test('the topology shows gateways and clusters, also those of another time', () => {
  const now = tombolo('topology', 'office').out;
  expect(now).toMatch(/^db +egress/m);
  expect(now).toMatch(/^GATEWAY +KIND/m);
  expect(now).toMatch(/^north +archipelago +10.42.0.0\/16/m);
  expect(now).toContain('north and south are linked');
  const then = tombolo('topology', 'office', '--at', '4').out;
  expect(then).not.toContain('GATEWAY');
});

test('status tells who serves, how the others are, and what is left to do', () => {
  const { out } = tombolo('status', 'office');
  expect(out).toMatch(/^GATEWAY +KIND +NODE +ROLE +HEALTH/m);
  expect(out).toMatch(/^db +egress +b +/m);
  expect(out).toMatch(/^gateway db: .*192\.168\.7\.0\/24.*10\.90\.0\.0\/24/m);
});

test('the log tells it with names', () => {
  const { out } = tombolo('events', 'office');
  const { version } = json<{ version: number }>('topology', 'office');
  expect(out).toMatch(/GatewayDraining +token\/admin +.*gateway=db/);
  expect(out).toMatch(/GatewayCreated .*name=north-door.* cluster=north/);
  expect(tombolo('diff', 'office', '1', String(version)).out).toMatch(/ClustersLinked .*=north/);
});

test('a gateway with clients goes only by force', () => {
  expect(tombolo('gateway', 'delete', 'office/in', '--yes')).toMatchObject({ code: 3 });
  expect(tombolo('gateway', 'delete', 'office/in', '--yes', '--force')).toMatchObject({ code: 0 });
  expect(tombolo('client', 'list', 'office').out).toBe('none');
});
