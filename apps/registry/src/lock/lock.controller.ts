import { Body, Controller, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { lockMembers } from '#topology/lock-members.js';
import { lockMemberView, type LockMemberView, lockView, type LockView } from '#topology/lock-view.js';
import { verifyNatively } from '#service/verify-natively.js';
import { type Page, pageOf } from '../http/paging.js';
import { Creates, Lists, Shows } from '../http/routes.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { decideChangeLock } from './change-lock.decider.js';
import {
  ChangeLockBody,
  LockDto,
  LockMemberDto,
  LockMembersQuery,
  SignedMembersDto,
  SignMembersBody,
} from './lock.dto.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { decideSignMembers } from './sign-members.decider.js';

@ApiTags('signed membership')
@Controller('api/v1/networks/:network/lock')
export class LockController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'clock'>,
  ) {}

  @Shows(LockDto, { summary: "Which operators' keys count, and how many members lack a signature" })
  async show(@Param('network') network: string): Promise<LockView> {
    return lockView(await this.decisions.networkNamed(network), this.now());
  }

  @Lists(LockMemberDto, { path: 'members', summary: 'List what is to be signed, oldest first' })
  async members(@Param('network') network: string, @Query() query: LockMembersQuery): Promise<Page<LockMemberView>> {
    const state = await this.decisions.networkNamed(network);
    const now = this.now();
    const all = lockMembers(state)
      .map((member) => lockMemberView(state, member, now))
      .filter(({ signed }) => query.waiting === undefined || signed !== query.waiting)
      .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    return pageOf(all, query, placeOf);
  }

  @Creates(LockDto, {
    path: 'entries',
    summary: "Change which operators' keys count: the first entry puts the lock on, one without keys takes it off",
  })
  change(
    @Param('network') network: string,
    @Body() { entry }: ChangeLockBody,
    @Write() write: WriteRequest,
  ): Promise<LockView> {
    return this.decisions.decide(network, write, (state) =>
      decideChangeLock({ ...write.command, entry, verify: verifyNatively }, state),
    );
  }

  @Creates(SignedMembersDto, { path: 'signatures', summary: "Add operators' signatures of members" })
  sign(
    @Param('network') network: string,
    @Body() { signatures }: SignMembersBody,
    @Write() write: WriteRequest,
  ): Promise<SignedMembersDto> {
    return this.decisions.decide(network, write, (state) =>
      decideSignMembers({ ...write.command, signatures, verify: verifyNatively }, state),
    );
  }

  private now(): string {
    return this.options.clock.now().toISOString();
  }
}

/** UUIDv7: the order of ids is the order of creation. A node and its next key have the same. */
const placeOf = ({ memberId, kind }: LockMemberView) => `${memberId} ${kind}`;
