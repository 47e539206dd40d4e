import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Matches,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { ID_PATTERN } from '#contracts/names.js';

/** What a field of a command may be besides its type. */
export interface FieldOptions {
  /** It may be left out. */
  optional?: boolean;
  nullable?: boolean;
}

interface TextOptions extends FieldOptions {
  maxLength?: number;
}

interface ListOptions extends FieldOptions {
  maxItems: number;
}

const MESSAGE = { id: 'must be a UUIDv7', ids: 'must be a list of UUIDv7', texts: 'must be a list of texts' } as const;

export const IdField = (options: FieldOptions = {}) =>
  field(options, IsString({ message: MESSAGE.id }), Matches(ID_PATTERN, { message: MESSAGE.id }));

/** A text; the decider says what else it must be. */
export const TextField = ({ maxLength = 255, ...options }: TextOptions = {}) =>
  field(options, IsString(), MaxLength(maxLength));

export const ChoiceField = ({ choices, ...options }: FieldOptions & { choices: readonly string[] }) =>
  field(options, IsIn(choices, { message: `must be one of ${choices.join(', ')}` }));

export const BooleanField = (options: FieldOptions = {}) => field(options, IsBoolean());

/** A whole number; the decider knows its limits. */
export const WholeNumberField = (options: FieldOptions = {}) => field(options, IsInt());

export const TextListField = (options: ListOptions) =>
  list(
    options,
    IsString({ each: true, message: MESSAGE.texts }),
    MaxLength(64, { each: true, message: 'must have entries of at most 64 characters' }),
  );

export const IdListField = (options: ListOptions) =>
  list(
    options,
    IsString({ each: true, message: MESSAGE.ids }),
    Matches(ID_PATTERN, { each: true, message: MESSAGE.ids }),
  );

/** One object of a class. */
export const ObjectField = ({ of, ...options }: FieldOptions & { of: new () => object }) =>
  field(
    options,
    IsObject(),
    ValidateNested(),
    Type(() => of),
  );

const list = ({ maxItems, ...options }: ListOptions, ...checks: PropertyDecorator[]) =>
  field(options, IsArray(), ArrayMaxSize(maxItems, { message: `must have at most ${maxItems} entries` }), ...checks);

/** The first check that fails is what is said. */
function field({ optional, nullable }: FieldOptions, ...checks: PropertyDecorator[]): PropertyDecorator {
  const absent = (value: unknown) =>
    (optional === true && value === undefined) || (nullable === true && value === null);
  return applyDecorators(
    ValidateIf((_, value) => !absent(value)),
    ...checks,
  );
}
