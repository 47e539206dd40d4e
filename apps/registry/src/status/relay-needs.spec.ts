import type { NetworkFact } from '#contracts/facts.js';
import { isRefusal } from '#contracts/errors.js';
import { networkFold } from '#topology/network-fold.js';
import {
  activated,
  clientCreated,
  clientId,
  gatewayCreated,
  gatewayId,
} from '../../../../test/support/gateway-facts.js';
import { given } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { publicEndpoint } from '../../../../test/support/network-history.js';
import { place, reachabilityDecided, relayAssigned, relaySet } from '../../../../test/support/relay-facts.js';
import { clientConfig } from '../clients/client-config.js';
import { gatewayNeeds } from './gateway-needs.js';

/** Node 1 is a relay, called at 203.0.113.1; nodes 2 to 5 are reached only through it. */
function network(...facts: NetworkFact[]) {
  const nodes = [1, 2, 3, 4, 5].map((n) =>
    nodeEnrolled(n, {
      name: `node-${n}`,
      addresses: [`10.90.0.${n}`],
      endpoints: n === 1 ? [publicEndpoint('203.0.113.1')] : [],
    }),
  );
  const behind = [2, 3, 4, 5].flatMap((n) => [
    reachabilityDecided(nodeId(n), place('endpoint-dependent', n)),
    relayAssigned(nodeId(n), nodeId(1)),
  ]);
  const { state } = given(networkFold, [
    networkCreated({ cidr6: null }),
    ...nodes,
    relaySet(nodeId(1)),
    ...behind,
    ...facts,
  ]);
  return {
    state,
    needs: (n: number) => gatewayNeeds(state, state.gateways.get(gatewayId(n))!),
    config: () => clientConfig(state, state.clients.get(clientId(1))!),
  };
}

const exit = (n: number, server: number, user: number) => [
  gatewayCreated(n, {
    kind: 'internet',
    members: [nodeId(server)],
    users: { nodes: [nodeId(user)], clients: [] },
  }),
  activated(n, nodeId(server)),
];

test('of two internet gateways behind one relay, the status of the one that is not used says why', () => {
  const { needs } = network(...exit(1, 2, 3), ...exit(2, 4, 5));
  expect(needs(1)).toEqual([]);
  expect(needs(2)).toEqual([
    'Relay "node-1" does not take 0.0.0.0/0, ::/0 from node "node-5" to node "node-4": there that range, or a part of it, leads to node "node-2". Assign another relay, or let a node serve that all others can call.',
  ]);
});

test('a range that holds the address of the relay is said to lead nowhere through it', () => {
  const { needs } = network(
    gatewayCreated(1, { members: [nodeId(2)], ranges: ['203.0.113.0/24', '192.168.1.0/24'] }),
    activated(1, nodeId(2)),
  );
  expect(needs(1)).toEqual([
    'Relay "node-1" is called at 203.0.113.1:51820, which is in 203.0.113.0/24: nobody can send that range through it to node "node-2". Assign another relay, or leave that address out of the range.',
  ]);
});

describe('a node that lets clients in', () => {
  const door = (n: number) => [
    gatewayCreated(1, { kind: 'ingress', members: [nodeId(n)] }),
    activated(1, nodeId(n)),
    clientCreated(1, { addresses: ['10.90.5.1'] }),
  ];

  test('through a relay only lets nobody in, and what to do is said in the status and instead of a config', () => {
    const { needs, config } = network(...door(2));
    expect(needs(1)).toEqual([
      'Node "node-2", which serves it, is reached only through relay "node-1", which clients cannot use: make a node with a public endpoint a member, for instance "node-1" itself.',
    ]);
    expect(refusalOf(config)).toMatchObject({
      code: 'no_endpoint',
      detail: expect.stringMatching(/^node "node-2", which serves gateway "gateway-1", is reached only through relay/),
    });
  });

  test('that a firewall closes does not either, whatever it offers', () => {
    const closed = place('endpoint-independent', 1, { filtering: 'restricted' });
    const { needs } = network(...door(1), reachabilityDecided(nodeId(1), closed));
    expect(needs(1)).toEqual([expect.stringMatching(/"node-1".*needs a public endpoint/)]);
  });

  test('is called where others see it, if anybody may call there', () => {
    const open = place('endpoint-independent', 2, { filtering: 'open' });
    const { needs, config } = network(...door(2), reachabilityDecided(nodeId(2), open));
    expect(needs(1)).toEqual([]);
    expect(config().peer.endpoint).toBe('198.51.100.2:42');
  });
});

function refusalOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (isRefusal(error)) return { code: error.code, detail: error.detail };
    throw error;
  }
  throw new Error('nothing was refused');
}
