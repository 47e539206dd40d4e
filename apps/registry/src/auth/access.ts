import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import type { ApiRole } from '#contracts/facts.js';
import { ApiTokenGuard } from './api-token.guard.js';
import { REQUIRED_ROLE } from './roles.js';

/** Lets in API tokens that hold at least this role: a viewer reads, an operator also writes, an admin also manages tokens. */
export const Access = (role: ApiRole) =>
  applyDecorators(
    SetMetadata(REQUIRED_ROLE, role),
    UseGuards(ApiTokenGuard),
    ApiBearerAuth('token'),
    ApiExtension('x-role', role),
  );
