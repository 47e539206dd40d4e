/**
 * Puts each service, with all that it imports, into one file of dist/programs: the thousand files of the packages that it is made of
 * take a processor a second to find, read and link, one file takes half of that.
 */
import { build } from 'esbuild';
import { join } from 'node:path';
import { root, fail } from './run.mjs';

const SERVICES = ['registry', 'topology-planner', 'gateway-manager', 'relay-planner', 'standalone'];

/** Packages that a framework takes only where somebody installed them. */
const NOT_INSTALLED = [
  '@fastify/multipart',
  '@fastify/view',
  '@nestjs/platform-express',
  '@nestjs/websockets/socket-module.js',
  'amqp-connection-manager',
  'ioredis',
  'kafkajs',
  'mqtt',
];

/** What CommonJS modules expect around them. */
const AROUND = `
import { createRequire as requireFrom } from 'node:module';
import { fileURLToPath as pathOf } from 'node:url';
import { dirname as dirOf } from 'node:path';
const require = requireFrom(import.meta.url), __filename = pathOf(import.meta.url), __dirname = dirOf(__filename);
`;

try {
  const dist = join(root, 'dist');
  await build({
    entryPoints: SERVICES.map((name) => ({ in: join(dist, 'apps', name, 'src', 'main.js'), out: name })),
    outdir: join(dist, 'programs'),
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // Classes are known by their names: to Nest, in OpenAPI, in messages.
    keepNames: true,
    external: NOT_INSTALLED,
    banner: { js: AROUND },
    legalComments: 'external',
    logLevel: 'error',
  });
} catch {
  fail('the services could not be bundled (see above).');
}
