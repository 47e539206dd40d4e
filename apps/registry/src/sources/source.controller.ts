import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { nameErrors, refuseInvalid } from '#topology/fields.js';
import { type SourceView, sourceView } from '#topology/view.js';
import { Access } from '../auth/access.js';
import { derivedSecret } from '../auth/derived-secret.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { SourceAdmission } from './source-admission.js';
import { decideCreateSource, decideRevokeSource, findSource } from './source.decider.js';
import { CreatedSourceDto, CreateSourceBody, SourceDto } from './source.dto.js';

@ApiTags('sources')
@Controller('api/v1/sources')
@UseInterceptors(EtagInterceptor)
export class SourceController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(SourceAdmission) private readonly admission: SourceAdmission,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'masterKey' | 'sources'>,
  ) {}

  @Get()
  @Access('admin')
  @ApiOperation({ summary: 'List other systems that may send commands, by name, revoked ones included' })
  @ApiPage(SourceDto)
  async list(@Query() query: PageQuery): Promise<Page<SourceView>> {
    const state = await this.decisions.systemState();
    const sorted = [...state.sources.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ name }) => name);
    return { items: items.map((source) => sourceView(state, source)), nextCursor };
  }

  @Post()
  @Access('admin')
  @ApiOperation({ summary: 'Let another system send commands over NATS; the answer holds its credentials' })
  @ApiCreates()
  @ApiCreatedResponse({ type: CreatedSourceDto })
  async create(
    @Body() body: CreateSourceBody,
    @Write() { command, fingerprint }: WriteRequest,
  ): Promise<CreatedSourceDto> {
    const networks = await Promise.all(body.networks.map((network) => this.decisions.networkId(network)));
    const secret = derivedSecret(this.options.masterKey, 'source', command.commandId);
    refuseInvalid(nameErrors(body.name));
    const { account, creds } = await this.options.sources.credentials(secret, body.name);
    const create = { ...command, ...body, networks, account, sourceId: uuidv7() };
    const { answer } = await this.decisions.system.execute<SourceView>(SYSTEM_STREAM, {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideCreateSource(create, state),
    });
    await this.admission.admit();
    return { ...answer, credentials: creds, urls: this.options.sources.urls };
  }

  @Get(':source')
  @Access('admin')
  @ApiOperation({ summary: 'Show a source, by name or id' })
  @ApiOkResponse({ type: SourceDto })
  async show(@Param('source') source: string): Promise<SourceView> {
    const state = await this.decisions.systemState();
    return sourceView(state, findSource(state, source));
  }

  @Delete(':source')
  @HttpCode(204)
  @Access('admin')
  @ApiOperation({ summary: 'Revoke a source: it is cut off, and what it had waiting is dropped' })
  @ApiChanges()
  @ApiNoContentResponse()
  async revoke(@Param('source') source: string, @Write() { command, fingerprint }: WriteRequest): Promise<void> {
    await this.decisions.system.execute(SYSTEM_STREAM, {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideRevokeSource({ ...command, sourceId: findSource(state, source).sourceId }, state),
    });
    await this.admission.admit();
  }
}
