import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { PROBLEM_TYPE } from './send-problem.js';
import { ProblemDto } from './problem.dto.js';

const DESCRIPTION = `Networks of WireGuard nodes, as facts in a log.

- Every error is \`application/problem+json\`; \`code\` names the rule.
- Every write takes \`Idempotency-Key\`; the same key again gets the first answer.
- Resources carry \`version\`, which is their \`ETag\`; \`If-Match\` refuses a lost update.
- Lists are paged by \`limit\` and \`cursor\`. Bodies are JSON of at most 256 KiB; unknown fields are refused.`;

/** The API's description, made from the controllers. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Tombolo')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'API token, `tmbt_…`' }, 'token')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: '`<key id>.<secret>` of an enrolment token' },
      'enrolment',
    )
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    extraModels: [ProblemDto],
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  for (const path of Object.values(document.paths))
    for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      const operation = path[method];
      if (operation) operation.responses.default = PROBLEM_RESPONSE;
    }
  return document;
}

const PROBLEM_RESPONSE = {
  description: 'A problem; `code` and `detail` say which',
  content: { [PROBLEM_TYPE.split(';')[0]!]: { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** Serves `/api/docs` and `/api/openapi.json`. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'api/openapi.json',
    customSiteTitle: 'Tombolo API',
  });
}
