/**
 * Puts each service, with all that it imports, into one file of dist/programs: the thousand files of the packages that it is made of
 * take a processor a second to find, read and link, one file takes half of that.
 */
import { build } from 'esbuild';
import { mkdirSync, writeFileSync } from 'node:fs';
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

/** esbuild names each function again whenever it is made: closures, made a thousand times for each change, do without. */
const NAMES = 'var __name = (target, value) => __defProp(target, "name", { value, configurable: true });';
const NAMES_OF_CLASSES = NAMES.replace('=> __def', '=> target.prototype === undefined ? target : __def');

function withCheapNames(program) {
  if (program.split(NAMES).length !== 2) throw new Error(`esbuild keeps names in another way than by ${NAMES}`);
  return program.replace(NAMES, NAMES_OF_CLASSES);
}

try {
  const dist = join(root, 'dist');
  const { outputFiles } = await build({
    write: false,
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
  mkdirSync(join(dist, 'programs'), { recursive: true });
  for (const { path, text } of outputFiles) writeFileSync(path, path.endsWith('.js') ? withCheapNames(text) : text);
} catch (error) {
  fail(`the services could not be bundled: ${error.message}`);
}
