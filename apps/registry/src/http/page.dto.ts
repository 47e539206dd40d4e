import { applyDecorators, type Type as Class } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { DEFAULT_PAGE, MAX_PAGE } from './paging.js';

/** A whole number in a query, where everything is text. Anything else stays text and is refused. */
export const NumberInQuery = () =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
  );

export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE })
  @NumberInQuery()
  @IsOptional()
  @Min(1)
  @Max(MAX_PAGE)
  @IsInt()
  limit?: number;

  @ApiPropertyOptional({ description: '`nextCursor` of the page before' })
  @IsOptional()
  @MaxLength(512)
  @IsString()
  cursor?: string;
}

/** Documents an answer that is one page of a list. */
export const ApiPage = (item: Class) =>
  applyDecorators(
    ApiExtraModels(item),
    ApiOkResponse({
      description: 'One page',
      schema: {
        required: ['items', 'nextCursor'],
        properties: {
          items: { type: 'array', items: { $ref: getSchemaPath(item) } },
          nextCursor: { type: 'string', nullable: true, description: 'null on the last page' },
        },
      },
    }),
  );
