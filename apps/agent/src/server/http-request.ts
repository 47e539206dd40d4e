import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ServerTrust } from './server-trust.js';

export interface HttpCall {
  method: 'POST' | 'DELETE';
  url: URL;
  headers: OutgoingHttpHeaders;
  body: unknown;
  trust: ServerTrust;
}

export interface HttpAnswer {
  status: number;
  /** The server's clock, from its `Date` header; undefined when it sent none. */
  date: number | undefined;
  /** Seconds, from `Retry-After`. */
  retryAfter: number | undefined;
  text: string;
}

const TIMEOUT_MS = 10_000;
/** No answer to an agent is larger; more would only fill its memory. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** One request with a JSON body. @throws Error when there is no answer */
export function httpCall({ method, url, headers, body, trust }: HttpCall): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const options = {
      method,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // One request is all there is: a kept connection would keep the process.
      agent: false,
    };
    const onAnswer = (answer: IncomingMessage) => void readAnswer(answer).then(resolve, reject);
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...trust }, onAnswer)
        : httpRequest(url, options, onAnswer);
    request.on('error', (error) => reject(error.name === 'TimeoutError' ? new Error('no answer within 10 s') : error));
    request.end(text);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too long to be one of ours');
    chunks.push(chunk);
  }
  const date = Date.parse(answer.headers.date ?? '');
  const retryAfter = Number(answer.headers['retry-after']);
  return {
    status: answer.statusCode ?? 0,
    date: Number.isNaN(date) ? undefined : date,
    retryAfter: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}
