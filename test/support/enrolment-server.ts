import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  type EnrolmentToken,
  type EnrolRequest,
  type EnrolResponse,
  type NodeProof,
  proofText,
} from '#contracts/enrolment.js';
import { formatEnrolmentToken } from '#contracts/enrolment-token.js';
import { mintNodeCredentials } from '#messaging/node-credentials.js';
import { verifyText } from '#messaging/nkeys.js';
import type { Trust } from '#messaging/trust.js';
import { testNodeId } from './trusted-nats.js';

export interface EnrolmentServerOptions {
  trust: Trust;
  natsUrls: string[];
  /** PEMs: then it speaks TLS. */
  tls?: { cert: string; key: string; ca: string; pin: string };
  /** Seconds that a login lasts. */
  ttlSeconds?: number;
}

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

interface Enrolled {
  request: EnrolRequest;
  answer: EnrolResponse;
}

/**
 * The part of the HTTP API that an agent speaks to (contracts/enrolment.ts), small and real: it answers the same
 * idempotency key with the same node, checks proofs, and mints logins that a broker of the same trust takes.
 */
export class EnrolmentServer {
  readonly seen: SeenRequest[] = [];
  readonly nodes = new Map<string, Enrolled>();
  readonly secret = randomBytes(24).toString('base64url');
  readonly keyId = testNodeId();
  /** Answered instead, once each, in order; `drop` does the work and then cuts the connection. */
  readonly next: ({ status: number; body: unknown; headers?: Record<string, string> } | 'drop')[] = [];
  readonly #answers = new Map<string, { status: number; body: unknown }>();
  readonly #server: Server;

  private constructor(private readonly options: EnrolmentServerOptions) {
    const handler = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    this.#server = options.tls ? createTlsServer(options.tls, handler) : createServer(handler);
  }

  static async start(options: EnrolmentServerOptions): Promise<EnrolmentServer> {
    const server = new EnrolmentServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  }

  token(changes: Partial<EnrolmentToken> = {}): string {
    const { keyId, secret, url } = this;
    return formatEnrolmentToken({ v: 1, url, pin: this.options.tls?.pin ?? null, keyId, secret, ...changes });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString() || 'null') as unknown;
    const { method = '', url: path = '', headers } = request;
    this.seen.push({ method, path, headers, body });
    const instead = this.next.shift();
    const answer = instead && instead !== 'drop' ? instead : await this.#answer({ method, path, headers, body });
    if (instead === 'drop') return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json', ...(instead ? instead.headers : {}) });
    response.end(answer.status === 204 ? undefined : JSON.stringify(answer.body));
  }

  async #answer({ method, path, headers, body }: SeenRequest): Promise<{ status: number; body: unknown }> {
    const nodePath = /^\/api\/v1\/nodes\/([^/]+)(\/credentials|\/membership)?$/.exec(path);
    if (method === 'POST' && path === '/api/v1/enroll') return this.#enrol(headers, body as EnrolRequest);
    const node = this.nodes.get(nodePath?.[1] ?? '');
    if (!node) return problem(404, 'not_found');
    const { signature, ...said } = body as NodeProof;
    const { action, at } = said;
    const { nodeId } = node.answer;
    const isFresh = Math.abs(Date.parse(at) - Date.now()) < 300_000;
    if (!isFresh || !verifyText(node.request.natsKey, proofText(said, nodeId), signature))
      return problem(401, 'unauthorized');
    if (method === 'DELETE' && action === 'leave') {
      this.nodes.delete(nodeId);
      return { status: 204, body: null };
    }
    if (action === 'membership') return { status: 204, body: null };
    return { status: 200, body: await this.#login(nodeId, node.request.natsKey) };
  }

  async #enrol(headers: IncomingMessage['headers'], request: EnrolRequest) {
    if (headers.authorization !== `Bearer ${this.keyId}.${this.secret}`) return problem(401, 'key_unknown');
    const id = String(headers['idempotency-key']);
    const known = this.#answers.get(id);
    if (known) return known;
    const isTaken = [...this.nodes.values()].some((node) => node.request.name === request.name);
    const answer = isTaken ? problem(409, 'name_taken') : { status: 201, body: await this.#admit(request) };
    this.#answers.set(id, answer);
    return answer;
  }

  async #admit(request: EnrolRequest): Promise<EnrolResponse> {
    const nodeId = testNodeId();
    const answer: EnrolResponse = {
      nodeId,
      network: 'prod',
      name: request.name,
      addresses: [`10.90.0.${this.nodes.size + 1}`],
      controllerKey: this.options.trust.sealing.publicKey,
      ca: this.options.tls?.ca ?? null,
      nats: await this.#login(nodeId, request.natsKey),
      version: this.nodes.size + 2,
    };
    this.nodes.set(nodeId, { request, answer });
    return answer;
  }

  async #login(nodeId: string, natsKey: string): Promise<EnrolResponse['nats']> {
    const { trust, natsUrls, ttlSeconds = 3600 } = this.options;
    const login = await mintNodeCredentials({ trust, nodeId, natsKey, now: new Date(), ttlSeconds });
    return { urls: natsUrls, ...login };
  }
}

const problem = (status: number, code: string) => ({
  status,
  body: { type: `urn:tombolo:problem:${code}`, title: code, status, code, detail: `refused: ${code}` },
});
