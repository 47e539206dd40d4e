import type { NetworkFact } from '#contracts/facts.js';
import { lanEndpoint, NetworkHistory, publicEndpoint } from '../../../test/support/network-history.js';
import { activated, gatewayCreated, gatewayId } from '../../../test/support/gateway-facts.js';
import { planChange } from './plan-change.js';

const NODES = 200;

function large() {
  const history = new NetworkHistory();
  const nodes = Array.from({ length: NODES }, (_, i) =>
    history.join({ endpoints: [publicEndpoint(`203.0.${i >> 8}.${i & 255}`)], site: i < 2 ? 'berlin' : null }),
  );
  const [serving = '', mate = ''] = nodes;
  history.append(gatewayCreated(1, { members: [serving] }));
  history.append(activated(1, serving));
  return { history, nodes, serving, mate };
}

type Large = ReturnType<typeof large>;
type Case = [what: string, change: (net: Large) => NetworkFact, told: (net: Large) => string[]];

const cases: Case[] = [
  [
    'how the traffic of a gateway leaves it is told to the node that serves',
    () => ({ type: 'GatewayChanged', data: { gatewayId: gatewayId(1), changes: { masquerade: false } } }),
    ({ serving }) => [serving],
  ],
  [
    'a new key is asked of the node that has to make it',
    ({ mate }) => ({ type: 'NodeKeyRotationRequested', data: { nodeId: mate } }),
    ({ mate }) => [mate],
  ],
  [
    'an address inside a site is told to the only other node there',
    ({ mate, history }) => {
      const { endpoints } = history.state.nodes.get(mate)!;
      const changes = { endpoints: [...endpoints, lanEndpoint('192.168.1.9')] };
      return { type: 'NodeChanged', data: { nodeId: mate, changes } };
    },
    ({ serving }) => [serving],
  ],
  [
    'a label is told to nobody',
    ({ mate }) => ({ type: 'NodeChanged', data: { nodeId: mate, changes: { labels: { rack: '7' } } } }),
    () => [],
  ],
];

test.each(cases)(`of ${NODES} nodes: %s`, (_, change, told) => {
  const net = large();
  const before = net.history.state;
  net.history.append(change(net));
  const { groups, added, removedNodes } = planChange(
    before,
    net.history.state,
    net.history.facts.slice(before.version),
  );
  expect([...groups].flatMap(({ nodeIds }) => nodeIds)).toEqual(told(net));
  expect([...added, ...removedNodes]).toEqual([]);
});
