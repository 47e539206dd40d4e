import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveAsyncApi } from '../asyncapi/asyncapi.js';
import type { RegistryOptions } from '../registry.options.js';
import { httpAdapter, type HttpServerOptions } from './http-server.js';
import { nestLogger } from './nest-logger.js';
import { serveOpenApi } from './openapi.js';

/**
 * Makes the application of a module that holds the registry: alone, or with the other services in one process. It does
 * not listen yet, and its signal handlers are the caller's.
 */
export async function createHttpApp(
  module: Type | DynamicModule,
  options: Pick<RegistryOptions, 'logger' | 'metrics'>,
  server: HttpServerOptions = {},
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, httpAdapter(options, server), {
    bodyParser: false,
    abortOnError: false,
    logger: nestLogger(options.logger),
  });
  serveOpenApi(app);
  serveAsyncApi(app);
  return app;
}
