import { Body, Controller, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { type TokenView, tokenView } from '#topology/view.js';
import { apiTokenOf, secretHash } from '../auth/api-token.js';
import { derivedSecret } from '../auth/derived-secret.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Creates, Lists, Removes } from '../http/routes.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { decideCreateApiToken, decideRevokeApiToken } from './api-token.decider.js';
import { ApiTokenDto, CreateApiTokenBody, CreatedApiTokenDto } from './api-token.dto.js';

@ApiTags('API tokens')
@Controller('api/v1/tokens')
@UseInterceptors(EtagInterceptor)
export class ApiTokenController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'masterKey'>,
  ) {}

  @Lists(ApiTokenDto, {
    summary: 'List API tokens, oldest first, revoked ones included; secrets are not kept',
    role: 'admin',
  })
  async list(@Query() query: PageQuery): Promise<Page<TokenView>> {
    const { tokens } = await this.decisions.systemState();
    const { items, nextCursor } = pageBy('tokenId', tokens.values(), query);
    return { items: items.map(tokenView), nextCursor };
  }

  @Creates(CreatedApiTokenDto, { summary: 'Create an API token', role: 'admin' })
  async create(@Body() body: CreateApiTokenBody, @Write() write: WriteRequest): Promise<TokenView & { token: string }> {
    const { command } = write;
    const token = apiTokenOf(derivedSecret(this.options.masterKey, 'api-token', command.commandId));
    const create = { ...command, ...body, tokenId: uuidv7(), secretHash: secretHash(token) };
    const answer = await this.decisions.decideOnSystem<TokenView>(write, (state) =>
      decideCreateApiToken(create, state),
    );
    return { ...answer, token };
  }

  @Removes({ path: ':token', summary: 'Revoke an API token; event feeds that it opened end', role: 'admin' })
  async revoke(@Param('token') tokenId: string, @Write() write: WriteRequest): Promise<void> {
    await this.decisions.decideOnSystem(write, (state) => decideRevokeApiToken({ ...write.command, tokenId }, state));
  }
}
