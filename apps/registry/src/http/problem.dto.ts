import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { FieldError } from '#contracts/errors.js';
import { type Problem, type ProblemCode, PROBLEMS } from './problem.js';

class FieldErrorDto implements FieldError {
  @ApiProperty({ description: 'Path of the field in the request', example: 'endpoints[0].port' })
  field!: string;

  @ApiProperty({ example: 'must be a whole number from 1 to 65535' })
  message!: string;
}

/** RFC 9457 problem details. */
@ApiSchema({ name: 'Problem' })
export class ProblemDto implements Problem {
  @ApiProperty({ example: 'urn:tombolo:problem:name_taken' })
  type!: string;

  @ApiProperty({ example: 'The name is taken' })
  title!: string;

  @ApiProperty({ type: 'integer', example: 409 })
  status!: number;

  @ApiProperty({ enum: Object.keys(PROBLEMS), description: 'For programs: which rule it is' })
  code!: ProblemCode;

  @ApiProperty({ description: 'For people: what is wrong, who the other party is, what to do next' })
  detail!: string;

  @ApiProperty({ type: [FieldErrorDto], required: false })
  errors?: FieldError[];
}
