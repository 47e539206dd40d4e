import type { FastifyInstance } from 'fastify';

/** Bytes of a request body. */
export const BODY_LIMIT = 256 * 1024;

/** JSON is the only body there is: no forms, no plain text. A DELETE may say JSON and send nothing, as many clients do. */
export function acceptJsonOnly(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '' && request.method === 'DELETE') done(null, undefined);
    else void parse(request, body, done);
  });
}
