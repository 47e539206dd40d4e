import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { SYSTEM_PATH } from '#wireguard/linux/run-tool.js';
import { wayTo } from '#wireguard/linux/way-to.js';
import { messageOf } from '../failure.js';

export interface ProbeTarget {
  /** Literal. */
  address: string;
  /** TCP; null: ICMP echo. */
  port: number | null;
}

export interface ProbeOutcome {
  ok: boolean;
  /** For people; at most 200 characters. */
  detail: string;
}

const TIMEOUT_MS = 400;
const MAX_DETAIL = 200;

/** Tries a target once, from this machine's own side: what would go through the mesh proves nothing about what is behind it. */
export async function probeTarget(target: ProbeTarget, interfaceName: string): Promise<ProbeOutcome> {
  const began = performance.now();
  try {
    const way = await wayTo(target.address);
    if (way === null) return failed(`no route to ${target.address}`);
    if (way === interfaceName) return failed(`the way to ${target.address} leads through the mesh`);
    await (target.port === null ? echo(target.address) : open(target.address, target.port));
    return { ok: true, detail: `answered in ${Math.round(performance.now() - began)} ms` };
  } catch (error) {
    return failed(messageOf(error));
  }
}

const failed = (why: string): ProbeOutcome => ({ ok: false, detail: why.slice(0, MAX_DETAIL) });
const SILENCE = `no answer within ${TIMEOUT_MS} ms`;

function open(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(() => end(new Error(SILENCE)), TIMEOUT_MS);
    socket.once('connect', () => end()).once('error', end);
  });
}

function echo(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = { PATH: SYSTEM_PATH, LC_ALL: 'C' };
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', env } as const;
    execFile('ping', ['-n', '-q', '-c', '1', '-W', '1', address], options, (error, stdout, stderr) => {
      if (!error) return resolve();
      if (error.code === 'ENOENT') return reject(new Error('ping is not installed: install iputils-ping'));
      if (error.killed) return reject(new Error(SILENCE));
      reject(new Error(stderr.trim() || /\n(.* packet loss.*)\n/.exec(stdout)?.[1] || 'ping failed without a word'));
    });
  });
}
