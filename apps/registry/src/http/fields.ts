import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

/** What every field of a request says of itself, once, for the check and for the documentation. */
interface FieldOptions {
  description: string;
  example?: unknown;
  /** It may be left out. */
  optional?: boolean;
  nullable?: boolean;
}

/** A text; the domain says what else it must be. */
export const TextField = ({ maxLength = 255, ...options }: FieldOptions & { maxLength?: number }) =>
  field(options, { type: String, maxLength }, IsString(), MaxLength(maxLength));

export const WholeNumberField = ({ min, max, ...options }: FieldOptions & { min: number; max: number }) =>
  field(options, { type: 'integer', minimum: min, maximum: max }, Min(min), Max(max), IsInt());

export const ChoiceField = ({ choices, ...options }: FieldOptions & { choices: readonly string[] }) =>
  field(options, { enum: [...choices] }, IsIn(choices, { message: `must be one of ${choices.join(', ')}` }));

export const BooleanField = (options: FieldOptions) => field(options, { type: Boolean }, IsBoolean());

/** Keys and values are texts. */
export const LabelsField = (options: FieldOptions) =>
  field(options, { type: 'object', additionalProperties: { type: 'string' } }, IsObject());

/** A list of objects of one class. To `ValidateNested` a list in it is an object with no field, and good. */
export const ListField = ({ of, maxItems, ...options }: FieldOptions & { of: new () => object; maxItems: number }) =>
  field(
    options,
    { type: [of], maxItems },
    ValidateNested({ each: true }),
    ValidateBy(
      { name: 'noListInside', validator: { validate: (entry) => !Array.isArray(entry) } },
      { each: true, message: 'must be a list of objects' },
    ),
    ArrayMaxSize(maxItems, { message: `must have at most ${maxItems} entries` }),
    IsArray(),
    Type(() => of),
  );

/** A list of texts; the domain says what else they must be. */
export const TextListField = ({
  maxItems,
  maxLength = 64,
  ...options
}: FieldOptions & { maxItems: number; maxLength?: number }) =>
  field(
    options,
    { type: [String], maxItems },
    MaxLength(maxLength, { each: true, message: `must have entries of at most ${maxLength} characters` }),
    IsString({ each: true, message: 'must be a list of texts' }),
    ArrayMaxSize(maxItems, { message: `must have at most ${maxItems} entries` }),
    IsArray(),
  );

/** One object of a class. */
export const ObjectField = ({ of, ...options }: FieldOptions & { of: new () => object }) =>
  field(
    options,
    { type: of },
    ValidateNested(),
    IsObject(),
    Type(() => of),
  );

function field(
  { optional = false, nullable = false, ...described }: FieldOptions,
  schema: ApiPropertyOptions,
  ...checks: PropertyDecorator[]
): PropertyDecorator {
  const absent = (value: unknown) => (optional && value === undefined) || (nullable && value === null);
  const property = { ...described, ...schema, required: !optional, nullable } as ApiPropertyOptions;
  return applyDecorators(
    ApiProperty(property),
    ValidateIf((_, value) => !absent(value)),
    ...checks,
  );
}
