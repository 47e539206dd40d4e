const MOST = 10;

/**
 * How many proxies before the API add the address that they heard to `X-Forwarded-For`, from `TOMBOLO_TRUST_PROXY`;
 * 0: none, the header is ignored.
 * @throws Error that says what may stand there
 */
export function trustedProxies(env: NodeJS.ProcessEnv): number {
  const proxies = Number(env.TOMBOLO_TRUST_PROXY || '0');
  if (Number.isInteger(proxies) && proxies >= 0 && proxies <= MOST) return proxies;
  throw new Error(`TOMBOLO_TRUST_PROXY is not a number of proxies from 0 to ${MOST}`);
}
