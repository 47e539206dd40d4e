import { Unavailable } from '#contracts/errors.js';

/** SQLSTATE classes and codes (PostgreSQL manual, appendix A) that say "not now", not "never". */
const AWAY_STATES = [
  '08', // connection exception
  '53', // insufficient resources: too many connections, disk full
  '57P', // shutdown, crash, starting up
  '58', // I/O error below PostgreSQL
  '57014', // statement timeout
  '25006', // read only: a standby, the primary has moved
  '25P03', // idle in transaction for too long
];
const AWAY_SYSTEM = /^E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN)$/;
/** What OpenSSL and Node say of a certificate that proves nothing to us, and pg of a server that has none. */
const UNTRUSTED =
  /^(ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|UNABLE_TO_(GET|VERIFY)_\w+|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT)$/;
const NO_TLS = /server does not support SSL/i;
/** What pg and its pool say without a code. */
const AWAY_WORDS =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|not queryable|after calling end/i;

/** SQLSTATE or system code of an error; empty when it has none. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** The error as `Unavailable('log')` when the database is away, else undefined. What was asked may have happened. */
export function unavailable(error: unknown): Unavailable | undefined {
  const code = codeOf(error);
  const message = String((error as { message?: unknown } | null)?.message);
  if (UNTRUSTED.test(code) || NO_TLS.test(message)) {
    const detail = `the database is not trusted (${message}): give TOMBOLO_DATABASE_CA, and a host that its certificate names`;
    return new Unavailable('log', detail, { cause: error });
  }
  const away = code
    ? AWAY_SYSTEM.test(code) || (code.length === 5 && AWAY_STATES.some((state) => code.startsWith(state)))
    : AWAY_WORDS.test(message);
  if (!away) return undefined;
  return new Unavailable('log', `the database does not answer (${code || message}); repeat in a moment`, {
    cause: error,
  });
}
