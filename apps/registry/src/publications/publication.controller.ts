import { Body, Controller, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { publicationView } from '#topology/gateway-view.js';
import { publicationOf } from '#topology/lookup.js';
import { GatewayCommands } from '../gateways/gateway-commands.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Creates, Lists, Removes, Shows } from '../http/routes.js';
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

  @Lists(PublicationDto, { summary: 'List published services, oldest first' })
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<PublicationDto>> {
    const state = await this.decisions.networkNamed(network);
    const { items, nextCursor } = pageBy('publicationId', state.publications.values(), query);
    return { items: items.map((one) => publicationDto(state, publicationView(one))), nextCursor };
  }

  @Creates(PublicationDto, { summary: 'Give a service of an island or archipelago a mesh address and port' })
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

  @Shows(PublicationDto, { path: ':publication', summary: 'Show a published service' })
  async show(@Param('network') network: string, @Param('publication') publicationId: string): Promise<PublicationDto> {
    const state = await this.decisions.networkNamed(network);
    return publicationDto(state, publicationView(publicationOf(state, publicationId)));
  }

  @Removes({ path: ':publication', summary: 'Withdraw a published service' })
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
