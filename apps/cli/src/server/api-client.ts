import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { CommandFailed, EXIT } from '../exit-codes.js';
import type { ServerAddress } from './server-address.js';

export interface Answer<T> {
  status: number;
  body: T;
  etag?: string;
}

export interface CallOptions {
  body?: unknown;
  idempotencyKey?: string;
  ifMatch?: string;
}

/** Milliseconds without a byte after which the server counts as unreachable. */
const SILENCE_LIMIT = 30_000;

/** The HTTP API as the commands see it: problems become exit codes with the server's own sentence. */
export class ApiClient {
  constructor(
    private readonly address: ServerAddress,
    private readonly silenceLimit = SILENCE_LIMIT,
  ) {}

  get = <T>(path: string) => this.call<T>('GET', path).then((answer) => answer.body);
  post = <T>(path: string, body?: unknown, options: CallOptions = {}) =>
    this.call<T>('POST', path, { ...options, body }).then((answer) => answer.body);
  patch = <T>(path: string, body: unknown, options: CallOptions = {}) =>
    this.call<T>('PATCH', path, { ...options, body }).then((answer) => answer.body);
  put = <T>(path: string, body: unknown, options: CallOptions = {}) =>
    this.call<T>('PUT', path, { ...options, body }).then((answer) => answer.body);
  delete = <T>(path: string, options: CallOptions = {}) =>
    this.call<T>('DELETE', path, options).then((answer) => answer.body);

  /** All items of a paged collection, in the server's order. */
  async list<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const separator = path.includes('?') ? '&' : '?';
      const page: { items: T[]; nextCursor: string | null } = await this.get(
        `${path}${separator}limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    return items;
  }

  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const response = await this.open(method, path, { Accept: 'application/json' }, options);
    const text = await readAll(response);
    const status = response.statusCode ?? 0;
    const body = text ? parse(text, path) : undefined;
    if (status >= 400) throw failure(status, body);
    return { status, body: body as T, etag: response.headers.etag };
  }

  /** A server-sent event stream, as the raw response. */
  async stream(path: string, headers: Record<string, string>): Promise<IncomingMessage> {
    const response = await this.open('GET', path, { Accept: 'text/event-stream', ...headers }, {});
    if ((response.statusCode ?? 0) >= 400)
      throw failure(response.statusCode ?? 0, parse(await readAll(response), path));
    return response;
  }

  private open(
    method: string,
    path: string,
    headers: Record<string, string>,
    options: CallOptions,
  ): Promise<IncomingMessage> {
    const { url, token, ca } = this.address;
    const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
    const target = new URL(`${url}/api/v1${path}`);
    const all: Record<string, string> = { ...headers, Authorization: `Bearer ${token}` };
    if (payload !== undefined) all['Content-Type'] = 'application/json';
    if (options.idempotencyKey) all['Idempotency-Key'] = options.idempotencyKey;
    if (options.ifMatch) all['If-Match'] = options.ifMatch;
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(target, { method, headers: all, ca, timeout: this.silenceLimit }, resolve);
      request.on('timeout', () => request.destroy(new Error(`no answer within ${this.silenceLimit / 1000} s`)));
      request.on('error', (error) =>
        reject(new CommandFailed(EXIT.unreachable, `cannot reach ${url}: ${reason(error)}`)),
      );
      request.end(payload);
    });
  }
}

interface Problem {
  title?: string;
  detail?: string;
  code?: string;
  errors?: { field: string; message: string }[];
}

function failure(status: number, body: unknown): CommandFailed {
  const problem = (body ?? {}) as Problem;
  const fields = (problem.errors ?? []).map(({ field, message }) => `\n  ${field}: ${message}`).join('');
  const message = `${problem.detail ?? problem.title ?? `the server answered ${status}`}${problem.code ? ` (${problem.code})` : ''}${fields}`;
  return new CommandFailed(exitCodeOf(status), message, status);
}

function exitCodeOf(status: number): number {
  if (status === 404) return EXIT.notFound;
  if ([400, 403, 409, 412, 413, 422].includes(status)) return EXIT.refused;
  if ([502, 503, 504].includes(status)) return EXIT.unreachable;
  return EXIT.failed;
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailed(EXIT.failed, `the answer to ${path} is not JSON: is this a Tombolo server?`);
  }
}

function reason(error: Error & { code?: string; errors?: Error[] }): string {
  return error.message || error.errors?.map((inner) => inner.message).join(', ') || error.code || 'unknown error';
}
