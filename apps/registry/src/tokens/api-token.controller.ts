import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { type TokenView, tokenView } from '#topology/view.js';
import { Access } from '../auth/access.js';
import { apiTokenOf, secretHash } from '../auth/api-token.js';
import { derivedSecret } from '../auth/derived-secret.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
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

  @Get()
  @Access('admin')
  @ApiOperation({ summary: 'List API tokens, oldest first, revoked ones included; secrets are not kept' })
  @ApiPage(ApiTokenDto)
  async list(@Query() query: PageQuery): Promise<Page<TokenView>> {
    const { tokens } = await this.decisions.systemState();
    // UUIDv7: the order of ids is the order of creation.
    const sorted = [...tokens.values()].sort((a, b) => (a.tokenId < b.tokenId ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ tokenId }) => tokenId);
    return { items: items.map(tokenView), nextCursor };
  }

  @Post()
  @Access('admin')
  @ApiOperation({ summary: 'Create an API token' })
  @ApiCreates()
  @ApiCreatedResponse({ type: CreatedApiTokenDto })
  async create(
    @Body() body: CreateApiTokenBody,
    @Write() { command, fingerprint }: WriteRequest,
  ): Promise<TokenView & { token: string }> {
    const token = apiTokenOf(derivedSecret(this.options.masterKey, 'api-token', command.commandId));
    const create = { ...command, ...body, tokenId: uuidv7(), secretHash: secretHash(token) };
    const { answer } = await this.decisions.system.execute<TokenView>(SYSTEM_STREAM, {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideCreateApiToken(create, state),
    });
    return { ...answer, token };
  }

  @Delete(':token')
  @HttpCode(204)
  @Access('admin')
  @ApiOperation({ summary: 'Revoke an API token; event feeds that it opened end' })
  @ApiChanges()
  @ApiNoContentResponse()
  async revoke(@Param('token') tokenId: string, @Write() { command, fingerprint }: WriteRequest): Promise<void> {
    await this.decisions.system.execute(SYSTEM_STREAM, {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideRevokeApiToken({ ...command, tokenId }, state),
    });
  }
}
