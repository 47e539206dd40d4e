import { factText, Names } from './fact-text.js';

const names = new Names();
names.learn({ type: 'NodeEnrolled', data: { name: 'web-1', keyId: 'k1', nodeId: 'n1' } });
names.learn({ type: 'GatewayCreated', data: { gatewayId: 'g1', name: 'db' } });
names.learn({ type: 'GatewayActivated', data: { gatewayId: 'g2', active: 'n1' } });

test.each([
  ['GatewayActivated', { active: 'n1', gatewayId: 'g1', reason: 'drained' }, 'gateway=db active=web-1 reason=drained'],
  [
    'GatewayActivated',
    { gatewayId: 'g1', active: null, reason: 'host lost' },
    'gateway=db active=none reason=host lost',
  ],
  [
    'GatewayCreated',
    {
      clusterId: 'c1',
      gatewayId: 'g1',
      name: 'db',
      ranges: ['10.1.0.0/16'],
      members: ['n1', 'n9'],
      users: { nodes: [] },
      probe: null,
    },
    'name=db cluster=c1 ranges=10.1.0.0/16 members=web-1,n9',
  ],
  [
    'GatewayChanged',
    { gatewayId: 'g1', changes: { probe: null, members: [] } },
    'gateway=db changes={probe=none members=none}',
  ],
  ['NodeEnrolled', { nodeId: 'n1', name: 'web-1', natsKey: 'U', controlKey: 'c', site: null }, 'name=web-1'],
  ['EnrolmentKeyCreated', { keyId: 'k1', secretHash: 'x', uses: 2 }, 'key=k1 uses=2'],
])('%s %j reads %s', (type, data, text) => {
  expect(factText({ type, data }, names)).toBe(text);
});
