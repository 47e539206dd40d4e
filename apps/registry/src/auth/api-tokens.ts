import { Inject, Injectable } from '@nestjs/common';
import { Refusal } from '#contracts/errors.js';
import type { TokenState } from '#topology/system-fold.js';
import { Decisions } from '../log/decisions.js';
import { bearerOf, secretHash } from './api-token.js';
import { FailedAttempts } from './failed-attempts.js';

/** Tells whose API token a request shows. */
@Injectable()
export class ApiTokens {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(FailedAttempts) private readonly failedAttempts: FailedAttempts,
  ) {}

  /**
   * @param known what this replica knew last will do while the log is away
   * @throws Refusal unauthorized; TooManyRequests; Unavailable
   */
  async authenticate(authorization: string | undefined, address: string, known = false): Promise<TokenState> {
    const secret = bearerOf(authorization);
    if (secret === undefined) throw new Refusal('unauthorized', 'Send an API token as "Authorization: Bearer tmbt_…".');
    const token = await this.inForce(secretHash(secret), known);
    if (token) return token;
    const refusal = new Refusal(
      'unauthorized',
      'This API token is not known, or was revoked. Ask an admin for another.',
    );
    throw this.failedAttempts.refuse(address, refusal);
  }

  /** Looked up by hash, so how long it takes tells nothing about the secret. */
  async inForce(hash: string, known = false): Promise<TokenState | undefined> {
    const { tokens, tokenIdByHash } = await this.decisions.systemState({ fresh: !known });
    const tokenId = tokenIdByHash.get(hash);
    return tokenId === undefined ? undefined : tokens.get(tokenId);
  }
}
