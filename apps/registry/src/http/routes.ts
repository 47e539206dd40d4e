import { applyDecorators, Delete, Get, HttpCode, Post, type Type as Class } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { ApiRole } from '#contracts/facts.js';
import { Access } from '../auth/access.js';
import { ApiPage } from './page.dto.js';

const idempotencyKey = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'Any text of 1 to 255 characters. The same key again, from the same actor on the same path, gets the first answer.',
});

const ifMatch = ApiHeader({
  name: 'If-Match',
  required: false,
  description: 'ETag of the resource as it was read; 412 if it has changed since.',
});

export interface Route {
  /** Below that of the controller. */
  path?: string;
  summary: string;
  description?: string;
  /** Who may: if not said, viewers read and operators write. */
  role?: ApiRole;
}

/** Documents a command that makes something. */
export const ApiCreates = () => applyDecorators(idempotencyKey);

/** Documents a command on something that exists. */
export const ApiChanges = () => applyDecorators(idempotencyKey, ifMatch);

/** `GET`: one page of a collection. */
export const Lists = (item: Class, { path, role = 'viewer', ...operation }: Route) =>
  applyDecorators(Get(path), Access(role), ApiOperation(operation), ApiPage(item));

/** `GET`: one resource. */
export const Shows = (type: Class, { path, role = 'viewer', ...operation }: Route) =>
  applyDecorators(Get(path), Access(role), ApiOperation(operation), ApiOkResponse({ type }));

/** `POST`, answered 201: makes a resource of a collection. */
export const Creates = (type: Class, { path, role = 'operator', ...operation }: Route) =>
  applyDecorators(Post(path), Access(role), ApiOperation(operation), ApiCreates(), ApiCreatedResponse({ type }));

/** Beside the decorator of the method: a command on a resource, answered 200 with it. */
export const Changes = (type: Class, { role = 'operator', ...operation }: Omit<Route, 'path'>) =>
  applyDecorators(HttpCode(200), Access(role), ApiOperation(operation), ApiChanges(), ApiOkResponse({ type }));

/** `DELETE`, answered 204. */
export const Removes = ({ path, role = 'operator', ...operation }: Route) =>
  applyDecorators(
    Delete(path),
    HttpCode(204),
    Access(role),
    ApiOperation(operation),
    ApiChanges(),
    ApiNoContentResponse(),
  );
