import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '#contracts/errors.js';
import type { ApiRole } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { ApiTokens } from './api-tokens.js';
import { covers, REQUIRED_ROLE } from './roles.js';

/** Lets a request in if its API token holds the role of the route; everything about the stream `system` is the admins'. */
@Injectable()
export class ApiTokenGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(ApiTokens) private readonly tokens: ApiTokens,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { network?: string } }>>();
    const route = this.reflector.get<ApiRole>(REQUIRED_ROLE, context.getHandler());
    const needed = request.params.network === SYSTEM_STREAM ? 'admin' : route;
    const token = await this.tokens.authenticate(request.headers.authorization, request.ip, request.method === 'GET');
    request.actor = `token/${token.name}`;
    if (covers(token.role, needed)) return true;
    throw new Refusal('forbidden', `This needs an API token with role ${needed}; "${token.name}" is a ${token.role}.`);
  }
}
