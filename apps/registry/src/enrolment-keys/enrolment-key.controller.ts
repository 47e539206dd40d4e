import { Body, Controller, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { formatEnrolmentToken } from '#contracts/enrolment-token.js';
import { Refusal } from '#contracts/errors.js';
import { lockHash } from '#contracts/membership-lock.js';
import { lockOf } from '#topology/lock-members.js';
import { keyOf } from '#topology/lookup.js';
import { type EnrolmentKeyView, enrolmentKeyView } from '#topology/view.js';
import { secretHash } from '../auth/api-token.js';
import { derivedSecret } from '../auth/derived-secret.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Creates, Lists, Removes, Shows } from '../http/routes.js';
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

  @Lists(EnrolmentKeyDto, { summary: 'List the keys of a network, oldest first; secrets are not kept' })
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<EnrolmentKeyView>> {
    const state = await this.decisions.networkNamed(network);
    const { items, nextCursor } = pageBy('keyId', state.keys.values(), query);
    return { items: items.map(enrolmentKeyView), nextCursor };
  }

  @Creates(CreatedEnrolmentKeyDto, { summary: 'Create a key; the answer holds the token that nodes join with' })
  async create(
    @Param('network') network: string,
    @Body() { expiresIn, ...body }: CreateEnrolmentKeyBody,
    @Write() write: WriteRequest,
  ): Promise<EnrolmentKeyView & { token: string }> {
    const { command } = write;
    const secret = derivedSecret(this.options.masterKey, 'enrolment-key', command.commandId).toString('base64url');
    const expiresAt = expiryOf(body.expiresAt, expiresIn, command.at);
    const create = { ...command, ...body, ...expiresAt, keyId: uuidv7(), secretHash: secretHash(secret) };
    const answer = await this.decisions.decide<EnrolmentKeyView>(network, write, (state) =>
      decideCreateEnrolmentKey(create, state),
    );
    const { publicUrl, pin } = this.options;
    const state = await this.decisions.networkNamed(network);
    const [first] = lockOf(state) ? state.lock : [];
    const token = { v: 1 as const, url: publicUrl(), pin, keyId: answer.keyId, secret };
    return { ...answer, token: formatEnrolmentToken({ ...token, ...(first && { lock: lockHash(first) }) }) };
  }

  @Shows(EnrolmentKeyDto, { path: ':key', summary: 'Show a key' })
  async show(@Param('network') network: string, @Param('key') keyId: string): Promise<EnrolmentKeyView> {
    return enrolmentKeyView(keyOf(await this.decisions.networkNamed(network), keyId));
  }

  @Removes({ path: ':key', summary: 'Revoke a key: nobody joins with it any more; nodes that joined stay' })
  async revoke(
    @Param('network') network: string,
    @Param('key') keyId: string,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.decisions.decide(network, write, (state) =>
      decideRevokeEnrolmentKey({ ...write.command, keyId }, state),
    );
  }
}

function expiryOf(expiresAt: string | null | undefined, expiresIn: number | undefined, now: string) {
  if (expiresIn === undefined) return {};
  if (expiresAt === undefined) return { expiresAt: new Date(Date.parse(now) + expiresIn * 1000).toISOString() };
  const message = 'must not be given together with expiresAt';
  throw new Refusal('invalid', `expiresIn ${message}.`, [{ field: 'expiresIn', message }]);
}
