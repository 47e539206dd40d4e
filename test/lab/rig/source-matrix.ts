import Table from 'cli-table3';
import { type Host } from './host.js';
import { waitFor } from './wait-for.js';

/** TCP, on which machines tell who called. */
export const TELLER_PORT = 7000;

/** Who calls whom at which address, and from which source address the callee sees it; null: it must not get there. */
export interface Call {
  from: { name: string; host: Host };
  to: string;
  port?: number;
  source: string | null;
}

export interface Outcome extends Call {
  seen: string | null;
}

/** Lets a machine tell everybody who calls it, on all of its addresses. */
export async function startTeller(host: Host, port = TELLER_PORT): Promise<void> {
  const teller = host.spawn('node', ['test/lab/rig/programs/tell-source.mjs', String(port)]);
  await waitFor(() => (teller.mustRun(), teller.printed.includes('listening')), { what: `a teller on ${host.name}` });
}

/** The source address that the machine at this address sees; null when it does not answer within two seconds. */
export async function sourceSeen(from: Host, to: string, port = TELLER_PORT): Promise<string | null> {
  const words = ['2', 'bash', '-c', `exec 3<>/dev/tcp/${to}/${port} && cat <&3`];
  const { code, stdout } = await from.attempt('timeout', words);
  return code === 0 && stdout !== '' ? stdout : null;
}

/**
 * Waits until every call that shall arrive does so from its source, then looks at all of them once more: by then those
 * that shall not arrive must not. Prints what it saw, as a list unless told otherwise.
 * @throws Error that names the calls that went otherwise
 */
export async function expectCalls<One extends Call>(
  title: string,
  calls: One[],
  { timeout = 30_000, print = list }: { timeout?: number; print?: (outcomes: (One & Outcome)[]) => string } = {},
): Promise<void> {
  let open = calls.filter(({ source }) => source !== null);
  const look = async () => {
    const outcomes = await Promise.all(open.map(make));
    const wrong = outcomes.filter(isWrong);
    open = wrong;
    if (wrong.length > 0) throw new Error(describe(wrong));
    return true;
  };
  await waitFor(look, { what: title, timeout });
  const outcomes = await Promise.all(calls.map(make));
  process.stdout.write(`${title}\n${print(outcomes)}\n`);
  const wrong = outcomes.filter(isWrong);
  if (wrong.length > 0) throw new Error(`${title}: ${describe(wrong)}`);
}

async function make<One extends Call>(call: One): Promise<One & Outcome> {
  return { ...call, seen: await sourceSeen(call.from.host, call.to, call.port) };
}

const isWrong = ({ source, seen }: Outcome) => source !== seen;

function describe(outcomes: Outcome[]): string {
  return outcomes
    .map(
      ({ from, to, source, seen }) =>
        `${from.name} → ${to}: seen from ${seen ?? 'nowhere'}, not ${source ?? 'nowhere'}`,
    )
    .join('; ');
}

function list(outcomes: Outcome[]): string {
  const table = new Table({ head: ['from', 'to', 'arrives as'], style: { head: [], border: [] } });
  for (const { from, to, port, seen } of outcomes)
    table.push([from.name, port === undefined ? to : `${to} port ${port}`, seen ?? '–']);
  return table.toString();
}
