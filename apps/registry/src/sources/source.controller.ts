import { Body, Controller, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { nameErrors, refuseInvalid } from '#topology/fields.js';
import { type SourceView, sourceView } from '#topology/view.js';
import { derivedSecret } from '../auth/derived-secret.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Creates, Lists, Removes, Shows } from '../http/routes.js';
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

  @Lists(SourceDto, {
    summary: 'List other systems that may send commands, by name, revoked ones included',
    role: 'admin',
  })
  async list(@Query() query: PageQuery): Promise<Page<SourceView>> {
    const state = await this.decisions.systemState();
    const { items, nextCursor } = pageBy('name', state.sources.values(), query);
    return { items: items.map((source) => sourceView(state, source)), nextCursor };
  }

  @Creates(CreatedSourceDto, {
    summary: 'Let another system send commands over NATS; the answer holds its credentials',
    role: 'admin',
  })
  async create(@Body() body: CreateSourceBody, @Write() write: WriteRequest): Promise<CreatedSourceDto> {
    const { command } = write;
    const networks = await Promise.all(body.networks.map((network) => this.decisions.networkId(network)));
    const secret = derivedSecret(this.options.masterKey, 'source', command.commandId);
    refuseInvalid(nameErrors(body.name));
    const { account, creds } = await this.options.sources.credentials(secret, body.name);
    const create = { ...command, ...body, networks, account, sourceId: uuidv7() };
    const answer = await this.decisions.decideOnSystem<SourceView>(write, (state) => decideCreateSource(create, state));
    await this.admission.admit();
    return { ...answer, credentials: creds, urls: this.options.sources.urls };
  }

  @Shows(SourceDto, { path: ':source', summary: 'Show a source, by name or id', role: 'admin' })
  async show(@Param('source') source: string): Promise<SourceView> {
    const state = await this.decisions.systemState();
    return sourceView(state, findSource(state, source));
  }

  @Removes({
    path: ':source',
    summary: 'Revoke a source: it is cut off, and what it had waiting is dropped',
    role: 'admin',
  })
  async revoke(@Param('source') source: string, @Write() write: WriteRequest): Promise<void> {
    await this.decisions.decideOnSystem(write, (state) =>
      decideRevokeSource({ ...write.command, sourceId: findSource(state, source).sourceId }, state),
    );
    await this.admission.admit();
  }
}
