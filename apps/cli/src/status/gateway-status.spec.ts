import { gatewaysText } from './gateway-status.js';

const member = { enabled: true, active: false, draining: false, ok: true, detail: 'answered', heardAt: '12:00' };

test('a row for each node, then what is amiss and what is left to do', () => {
  const text = gatewaysText([
    {
      name: 'db',
      kind: 'egress',
      active: { name: 'a' },
      members: [
        { ...member, name: 'a', active: true, draining: true },
        { ...member, name: 'b', ok: false, detail: 'no answer within 400 ms' },
      ],
      needs: ['a route back'],
    },
    {
      name: 'in',
      kind: 'ingress',
      active: null,
      members: [{ ...member, name: 'c', enabled: false, ok: null, detail: null, heardAt: null }],
      needs: [],
    },
  ]);
  expect(text.split('\n').map((line) => line.replace(/ {2,}/g, '|'))).toEqual([
    'GATEWAY|KIND|NODE|ROLE|HEALTH|LAST HEARD|PROBE',
    'db|egress|a|serves, drains|ok|12:00|answered',
    '|b|stands by|fails|12:00|no answer within 400 ms',
    'in|ingress|c|disabled|unknown|-|-',
    'nobody serves gateway in',
    'gateway db: a route back',
  ]);
});
