import type { OpenAPIObject } from '@nestjs/swagger';
import fc from 'fast-check';
import { createUserKey } from '#messaging/nkeys.js';
import { type Json, mutated, strange } from './mutate.js';

/** A request as it goes out; `{{id}}` in it stands for something that an earlier answer named. */
export interface FuzzRequest {
  method: string;
  /** Path as the document has it. */
  operation: string;
  /** Statuses of success that are documented. */
  successes: string[];
  /** Whether it takes an Idempotency-Key. */
  isCommand: boolean;
  /** With query. */
  path: string;
  headers: Record<string, string>;
  /** As text; absent: no body. */
  body?: string;
}

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: Json[];
  example?: Json;
  format?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  minItems?: number;
  minimum?: number;
  maximum?: number;
}

interface Operation {
  security?: object[];
  responses: Record<string, unknown>;
  parameters?: { name: string; in: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** So few that they meet each other. */
const names = ['prod', 'lab', 'a', 'b', 'c', 'gw-1', 'gw-2', 'gw-3', 'east', 'west', 'door', 'phone'];
const ids = Array.from({ length: 16 }, (_, n) => `{{id${n}}}`);
const ranges = [
  '10.44.0.0/16',
  '10.45.0.0/16',
  '172.20.0.0/16',
  '10.42.0.0/16',
  '10.42.1.0/24',
  '10.43.0.0/16',
  '192.168.7.0/24',
  '10.90.0.0/16',
  'fd42::/48',
  'fd90::/64',
];
const addresses = ['10.42.0.9', '10.90.0.2', '192.168.7.1', '203.0.113.7', 'fd42::1', '2001:db8::7'];

/** Values of fields by their name, where the type alone leads to nothing. */
const domains: [RegExp, fc.Arbitrary<Json>][] = [
  [/^(node|nodes|among|members?)$/, fc.constantFrom('gw-1', 'gw-2', 'gw-3', 'a', ...ids.slice(0, 6))],
  [/^(cluster|a|b)$/, fc.constantFrom('east', 'west', 'north')],
  [/^gateway$/, fc.constantFrom('door', 'east-door', 'out')],
  [/^client$/, fc.constantFrom('phone', 'laptop')],
  [/cidr|pods|services|ranges|range|allowed|pool/i, fc.constantFrom(...ranges)],
  [/address|endpoint/i, fc.constantFrom(...addresses)],
  [/^(publicKey|controlKey)$/, fc.nat({ max: 30 }).map((n) => Buffer.alloc(32, n + 1).toString('base64'))],
  [/^natsKey$/, fc.constantFrom(...Array.from({ length: 12 }, () => createUserKey().publicKey))],
  [/Id$|^(link|key|token|publication|id)$/, fc.constantFrom(...ids)],
  [/^(at|from|to|after)$/, fc.oneof(fc.nat({ max: 60 }).map(String), fc.constant('2026-11-20T12:10:00Z'))],
];

/** Requests to every operation of the document: as it describes them, or nearly so, or not at all. */
export function requests(document: OpenAPIObject, tokens: Record<string, string>): fc.Arbitrary<FuzzRequest> {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
  );
  // The writes that others build on more often than those that take things away.
  const weight = (method: string) => ({ post: 4, put: 4, patch: 3 })[method] ?? 1;
  return fc.oneof(
    ...operations.map(({ path, method, operation }) => ({
      weight: weight(method),
      arbitrary: requestTo({ path, method, operation }, { schemas, tokens }),
    })),
  );
}

interface Surroundings {
  schemas: Record<string, Schema>;
  tokens: Record<string, string>;
}

function requestTo(
  { path, method, operation }: { path: string; method: string; operation: Operation },
  { schemas, tokens }: Surroundings,
): fc.Arbitrary<FuzzRequest> {
  const { parameters = [], requestBody } = operation;
  const schema = requestBody?.content['application/json']?.schema;
  const body = schema ? bodyText(mutated(valueOf(schema, 'body', schemas))) : rarely(bodyText(strange));
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const query = parameters.filter((each) => each.in === 'query').map((each) => each.name);
  return fc
    .record({
      inPath: fc.tuple(...inPath.map(pathValue)),
      // Most in one network, so that things come together there.
      network: fc.constantFrom('prod', 'prod', 'prod', 'prod', 'lab', undefined),
      query: fc.tuple(...query.map((name) => fc.option(queryValue(name), { freq: 2 }))),
      body,
      headers: headers(tokens, JSON.stringify(operation.security ?? '').includes('enrolment')),
    })
    .map(({ inPath: places, network, query: values, body: text, headers: sent }) => {
      let next = 0;
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(name === 'network' && network ? (next++, network) : wellFormed(places[next++]!)),
      );
      const search = query.flatMap((name, i) =>
        values[i] === null ? [] : [`${name}=${encodeURIComponent(wellFormed(String(values[i])))}`],
      );
      return {
        method: method.toUpperCase(),
        operation: path,
        successes: Object.keys(operation.responses).filter((status) => status.startsWith('2')),
        isCommand: parameters.some((each) => each.name === 'Idempotency-Key'),
        path: filled.replaceAll(/%7B%7B(id\d+)%7D%7D/g, '{{$1}}') + (search.length > 0 ? `?${search.join('&')}` : ''),
        headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...sent },
        ...(text !== undefined && { body: text }),
      };
    });
}

const word = strange.filter((value) => typeof value === 'string').map(String);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 20, nil: undefined }).map((v) => v);
/** A URL holds no half of a pair. */
const wellFormed = (text: string) => text.replaceAll(/[\ud800-\udfff]/g, '\ufffd');

const pathValue = (name: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: (byName(name) ?? fc.constantFrom<Json>(...names)).map(String) },
    { weight: 2, arbitrary: fc.constantFrom(...names, ...ids) },
    { weight: 1, arbitrary: word },
  );

const queryValue = (name: string): fc.Arbitrary<Json> =>
  fc.oneof(
    { weight: 4, arbitrary: byName(name) ?? fc.constantFrom<Json>(...names, 1, 5, 1000, 'true') },
    { weight: 1, arbitrary: strange },
  );

function bodyText(value: fc.Arbitrary<Json>): fc.Arbitrary<string | undefined> {
  return fc.tuple(value, fc.nat({ max: 99 })).map(([json, odd]) => {
    const text = JSON.stringify(json);
    if (odd === 0) return undefined;
    if (odd === 1) return text.slice(0, text.length >> 1);
    if (odd === 2) return `${'['.repeat(5_000)}${text}`;
    if (odd === 3) return text.replace('{', '{"name":"twice",');
    return text;
  });
}

function headers(tokens: Record<string, string>, isEnrolment: boolean): fc.Arbitrary<Record<string, string>> {
  const admin = { authorization: `Bearer ${isEnrolment ? tokens.enrolment : tokens.admin}` };
  const some = fc.constantFrom<Record<string, string>>(
    ...Object.values(tokens).map((token) => ({ authorization: `Bearer ${token}` })),
    {},
    { authorization: 'Bearer' },
    { authorization: `Basic ${tokens.admin}` },
    { authorization: 'Bearer tmbt_ÿ' },
    { ...admin, 'content-type': 'text/plain' },
    { ...admin, 'content-type': 'application/json; charset=utf-16' },
    { ...admin, accept: 'application/xml' },
  );
  const matching = fc.constantFrom<Record<string, string>>(
    ...[{}, {}, {}, {}, {}, {}, { 'if-match': '*' }, { 'if-match': '"1"' }, { 'if-match': '"4"' }],
    ...[{ 'if-match': 'W/"2"' }, { 'if-match': '"-1", "2"' }, { 'if-match': '99999999999999999999' }],
    ...[{ 'last-event-id': 'x' }, { 'if-match': '' }],
  );
  return fc
    .record({ token: fc.oneof({ weight: 9, arbitrary: fc.constant(admin) }, { weight: 1, arbitrary: some }), matching })
    .map(({ token, matching: match }) => ({ ...token, ...match }));
}

const byName = (name: string) => domains.find(([pattern]) => pattern.test(name))?.[1];

/** A value that a schema allows. */
function valueOf(schema: Schema, name: string, schemas: Record<string, Schema>): fc.Arbitrary<Json> {
  const of = (inner: Schema) => valueOf(inner, name, schemas);
  if (schema.$ref) return of(schemas[schema.$ref.split('/').at(-1)!]!);
  if (schema.oneOf ?? schema.anyOf) return fc.oneof(...(schema.oneOf ?? schema.anyOf)!.map(of));
  if (schema.allOf) return of(schema.allOf[0]!);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'null') return fc.constant(null);
  if (type === 'boolean') return fc.boolean();
  if (type === 'array')
    return fc.array(of(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 3 }) as fc.Arbitrary<Json>;
  if (type === 'integer' || type === 'number') {
    const { minimum = 0, maximum = 2_000 } = schema;
    return fc.oneof(fc.integer({ min: minimum, max: Math.min(maximum, minimum + 2_000) }), fc.constant(maximum));
  }
  if (type === 'object') return objectOf(schema, schemas);
  const known = byName(name) ?? fc.constantFrom<Json>(...names);
  return schema.example === undefined || typeof schema.example === 'object'
    ? known
    : fc.oneof({ weight: 3, arbitrary: known }, { weight: 1, arbitrary: fc.constant(schema.example) });
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema, schemas: Record<string, Schema>) {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, inner]) => [name, valueOf(inner, name, schemas)]),
  );
  const requiredKeys = required.filter((name) => name in fields);
  const own = fc.record(fields, { requiredKeys }) as fc.Arbitrary<Record<string, Json>>;
  if (typeof additionalProperties !== 'object') return own;
  const more = fc.dictionary(fc.constantFrom(...names), valueOf(additionalProperties, '', schemas), { maxKeys: 3 });
  return fc.tuple(own, more).map(([some, others]) => ({ ...some, ...others }));
}
