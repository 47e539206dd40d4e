import { Controller, Inject, Param } from '@nestjs/common';
import { ApiProperty, ApiSchema, ApiTags } from '@nestjs/swagger';
import { verifyStream } from '#event-store/core/hash-chain.js';
import { Shows } from '../http/routes.js';
import { Decisions } from './decisions.js';

@ApiSchema({ name: 'Verification' })
class VerificationDto {
  @ApiProperty({ description: 'Every fact is there and none was changed' })
  ok!: boolean;

  @ApiProperty({ type: 'integer', description: 'Facts that are right, from the first on' })
  facts!: number;

  @ApiProperty({
    required: false,
    description: 'Hash of the newest fact: note it elsewhere to see whether the end is cut off later',
  })
  head?: string;

  @ApiProperty({ type: 'integer', required: false, description: 'First version that is wrong' })
  brokenAt?: number;

  @ApiProperty({ required: false })
  reason?: string;
}

@ApiTags('events')
@Controller('api/v1/networks/:network/log')
export class LogController {
  constructor(@Inject(Decisions) private readonly decisions: Decisions) {}

  @Shows(VerificationDto, {
    path: 'verify',
    summary: "Check the hash chain of a network's log, or of that of `system`",
  })
  async verify(@Param('network') nameOrId: string): Promise<VerificationDto> {
    const verdict = await verifyStream(this.decisions.store, await this.decisions.stream(nameOrId));
    if (verdict.ok) return { ok: true, facts: verdict.version, head: verdict.hash };
    const { version, differs, expected, found } = verdict;
    const what = differs === 'hash' ? 'the fact, or what it follows, was changed' : 'a fact is missing or out of place';
    return {
      ok: false,
      facts: version - 1,
      brokenAt: version,
      reason: `${what}: expected ${differs} ${expected}, found ${found}`,
    };
  }
}
