import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { ApiAnswer } from './api-client.js';

export interface AnsweredRequest {
  /** `GET /api/v1/networks` */
  request: string;
  answer: ApiAnswer;
}

/** What an answer has, or lacks, that the document does not say; each as a text. */
export function undocumented(document: OpenAPIObject, answers: readonly AnsweredRequest[]): string[] {
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
  ajv.addSchema({ $id: 'api', components: closed(document.components) as object });
  const operations = operationsOf(document);
  return answers.flatMap(({ request, answer }) => {
    const [method = '', path = ''] = request.split(' ');
    const found = operations.find((each) => each.method === method.toLowerCase() && pattern(each.path).test(path));
    const response = found?.operation.responses[answer.status] ?? found?.operation.responses.default;
    const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
    const schema = response?.content?.[type]?.schema;
    if (!schema) return [`${request} answers ${answer.status} ${type}, which is not described`];
    const validate = ajv.compile(inApi(closed(schema)) as object);
    validate(answer.body);
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${request} ${answer.status}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  });
}

export const operationsOf = (document: OpenAPIObject) =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
  );

export interface Operation {
  summary?: string;
  security?: object[];
  'x-role'?: string;
  responses: Record<string, { content: Record<string, { schema: object }> } | undefined>;
}

const pattern = (path: string) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);

/** The schema with no room for fields that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const fields = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isClosed =
    'properties' in fields && typeof fields.properties === 'object' && !('additionalProperties' in fields);
  return isClosed && fields.type !== undefined ? { ...fields, additionalProperties: false } : fields;
}

function inApi(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components'));
}
