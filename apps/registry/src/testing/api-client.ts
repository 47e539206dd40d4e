import { parseEnrolmentToken } from '#contracts/enrolment-token.js';
import type { TestNode } from './test-node.js';

export interface ApiRequest {
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  text?: string;
  headers?: Record<string, string>;
}

export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** As text where it is not JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface ApiClient {
  url: string;
  /** A request with the client's token, unless it brings its own `authorization`. */
  request(method: string, path: string, options?: ApiRequest): Promise<ApiAnswer>;
  /** Makes a key of a network; `bearer` is what an enrolment with it sends. */
  key(network: string, body?: object): Promise<{ keyId: string; bearer: string }>;
  enrol(node: TestNode, bearer: string): Promise<ApiAnswer>;
}

/** The API over a real socket. */
export function apiClient(url: string, token: string): ApiClient {
  const request = async (method: string, path: string, { body, text, headers }: ApiRequest = {}) => {
    const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url + path, {
      method,
      ...(payload !== undefined && { body: payload }),
      headers: {
        authorization: `Bearer ${token}`,
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const answer = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson && answer ? JSON.parse(answer) : answer };
  };
  return {
    url,
    request,
    key: async (network, body = {}) => {
      const { body: created } = await request('POST', `/api/v1/networks/${network}/enrollment-keys`, { body });
      const { keyId, secret } = parseEnrolmentToken(created.token);
      return { keyId, bearer: `${keyId}.${secret}` };
    },
    enrol: (node, bearer) =>
      request('POST', '/api/v1/enroll', { body: node.request, headers: { authorization: `Bearer ${bearer}` } }),
  };
}
