import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';

export interface ApiAccess {
  /** Unix socket that leads to the server. */
  socketPath: string;
  /** Address that the server's certificate must be for. */
  host: string;
  /** PEM. */
  ca: string;
  token: string;
}

export interface ApiRequest {
  method: string;
  /** Below /api/v1/. */
  path: string;
  body?: unknown;
}

export interface ApiAnswer {
  status: number;
  /** Parsed JSON; undefined when there was none. */
  body: unknown;
}

/** Handshakes are what costs time where a machine is emulated. */
const connections = new Agent({ keepAlive: true });

/** One request to the control plane's HTTP API, certificate verified. */
export function callApi(access: ApiAccess, { method, path, body }: ApiRequest): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${access.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const { socketPath, host, ca } = access;
    const call = request(
      { method, path: `/api/v1/${path}`, socketPath, host, ca, headers, agent: connections },
      (response) => {
        text(response).then(
          (content) => resolve({ status: response.statusCode ?? 0, body: content ? JSON.parse(content) : undefined }),
          reject,
        );
      },
    );
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
