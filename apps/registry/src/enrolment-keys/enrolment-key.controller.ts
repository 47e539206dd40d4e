import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { formatEnrolmentToken } from '#contracts/enrolment-token.js';
import { Refusal } from '#contracts/errors.js';
import { keyOf, networkOf } from '#topology/lookup.js';
import { type EnrolmentKeyView, enrolmentKeyView } from '#topology/view.js';
import { Access } from '../auth/access.js';
import { secretHash } from '../auth/api-token.js';
import { derivedSecret } from '../auth/derived-secret.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { decideCreateEnrolmentKey, decideRevokeEnrolmentKey } from './enrolment-key.decider.js';
import { CreatedEnrolmentKeyDto, CreateEnrolmentKeyBody, EnrolmentKeyDto } from './enrolment-key.dto.js';

type Options = Pick<RegistryOptions, 'masterKey' | 'publicUrl' | 'pin'>;

@ApiTags('enrolment keys')
@Controller('api/v1/networks/:network/enrollment-keys')
@UseInterceptors(EtagInterceptor)
export class EnrolmentKeyController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) private readonly options: Options,
  ) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List the keys of a network, oldest first; secrets are not kept' })
  @ApiPage(EnrolmentKeyDto)
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<EnrolmentKeyView>> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    networkOf(state);
    // UUIDv7: the order of ids is the order of creation.
    const keys = [...state.keys.values()].sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
    const { items, nextCursor } = pageOf(keys, query, ({ keyId }) => keyId);
    return { items: items.map(enrolmentKeyView), nextCursor };
  }

  @Post()
  @Access('operator')
  @ApiOperation({ summary: 'Create a key; the answer holds the token that nodes join with' })
  @ApiCreates()
  @ApiCreatedResponse({ type: CreatedEnrolmentKeyDto })
  async create(
    @Param('network') network: string,
    @Body() { expiresIn, ...body }: CreateEnrolmentKeyBody,
    @Write() { command, fingerprint }: WriteRequest,
  ): Promise<EnrolmentKeyView & { token: string }> {
    const secret = derivedSecret(this.options.masterKey, 'enrolment-key', command.commandId).toString('base64url');
    const expiresAt = expiryOf(body.expiresAt, expiresIn, command.at);
    const create = { ...command, ...body, ...expiresAt, keyId: uuidv7(), secretHash: secretHash(secret) };
    const { answer } = await this.decisions.networks.execute<EnrolmentKeyView>(
      await this.decisions.networkId(network),
      {
        commandId: command.commandId,
        fingerprint,
        decide: (state) => decideCreateEnrolmentKey(create, state),
      },
    );
    const { publicUrl, pin } = this.options;
    return { ...answer, token: formatEnrolmentToken({ v: 1, url: publicUrl(), pin, keyId: answer.keyId, secret }) };
  }

  @Get(':key')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a key' })
  @ApiOkResponse({ type: EnrolmentKeyDto })
  async show(@Param('network') network: string, @Param('key') keyId: string): Promise<EnrolmentKeyView> {
    return enrolmentKeyView(keyOf(await this.decisions.networkState(await this.decisions.networkId(network)), keyId));
  }

  @Delete(':key')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Revoke a key: nobody joins with it any more; nodes that joined stay' })
  @ApiChanges()
  @ApiNoContentResponse()
  async revoke(
    @Param('network') network: string,
    @Param('key') keyId: string,
    @Write() { command, fingerprint }: WriteRequest,
  ): Promise<void> {
    await this.decisions.networks.execute(await this.decisions.networkId(network), {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideRevokeEnrolmentKey({ ...command, keyId }, state),
    });
  }
}

function expiryOf(expiresAt: string | null | undefined, expiresIn: number | undefined, now: string) {
  if (expiresIn === undefined) return {};
  if (expiresAt === undefined) return { expiresAt: new Date(Date.parse(now) + expiresIn * 1000).toISOString() };
  const message = 'must not be given together with expiresAt';
  throw new Refusal('invalid', `expiresIn ${message}.`, [{ field: 'expiresIn', message }]);
}
