import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { httpAdapter } from './http-server.js';

const logger = pino({ level: 'silent' });

test.each<[string, number | undefined, string, string]>([
  ['no proxy: the header is anybody’s to write', undefined, '198.51.100.7', '127.0.0.1'],
  ['one proxy: whom it heard', 1, '198.51.100.7', '198.51.100.7'],
  ['one proxy, and a client that claims more', 1, '192.0.2.1, 198.51.100.7', '198.51.100.7'],
  ['two proxies', 2, '192.0.2.1, 198.51.100.7, 10.0.0.1', '198.51.100.7'],
])('%s', async (_, proxies, forwarded, expected) => {
  const server = httpAdapter({ logger, metrics: new Metrics() }, { proxies }).getInstance();
  server.get('/address', (request) => ({ address: request.ip }));
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${url}/address`, { headers: { 'x-forwarded-for': forwarded } });
  expect(await answer.json()).toEqual({ address: expected });
  await server.close();
});
