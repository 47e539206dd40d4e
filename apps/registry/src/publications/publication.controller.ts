import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { publicationView } from '#topology/gateway-view.js';
import { networkOf, publicationOf } from '#topology/lookup.js';
import { Access } from '../auth/access.js';
import { GatewayCommands } from '../gateways/gateway-commands.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { publishServiceBody } from './publication-bodies.js';
import { CreatePublicationBody, PublicationDto, publicationDto } from './publication.dto.js';

@ApiTags('publications')
@Controller('api/v1/networks/:network/publications')
@UseInterceptors(EtagInterceptor)
export class PublicationController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(GatewayCommands) private readonly commands: GatewayCommands,
  ) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List published services, oldest first' })
  @ApiPage(PublicationDto)
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<PublicationDto>> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    networkOf(state);
    const sorted = [...state.publications.values()].sort((a, b) => (a.publicationId < b.publicationId ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ publicationId }) => publicationId);
    return { items: items.map((one) => publicationDto(state, publicationView(one))), nextCursor };
  }

  @Post()
  @Access('operator')
  @ApiOperation({ summary: 'Give a service of an island or archipelago a mesh address and port' })
  @ApiCreates()
  @ApiCreatedResponse({ type: PublicationDto })
  create(
    @Param('network') network: string,
    @Body() body: CreatePublicationBody,
    @Write() write: WriteRequest,
  ): Promise<PublicationDto> {
    const publicationId = uuidv7();
    return this.commands.execute(network, write, {
      name: 'publication.create',
      body: (state) => publishServiceBody(state, publicationId, body),
      show: publicationDto,
    });
  }

  @Get(':publication')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a published service' })
  @ApiOkResponse({ type: PublicationDto })
  async show(@Param('network') network: string, @Param('publication') publicationId: string): Promise<PublicationDto> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    return publicationDto(state, publicationView(publicationOf(state, publicationId)));
  }

  @Delete(':publication')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Withdraw a published service' })
  @ApiChanges()
  @ApiNoContentResponse()
  async remove(
    @Param('network') network: string,
    @Param('publication') publicationId: string,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.commands.execute(network, write, {
      name: 'publication.withdraw',
      body: (state) => ({ publicationId: publicationOf(state, publicationId).publicationId }),
      show: () => undefined,
    });
  }
}
