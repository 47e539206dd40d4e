import { STREAMS } from '#contracts/subjects.js';

/**
 * Every call of the JetStream API (nats-server 2.9 to 2.12: `server/jetstream_api.go`), about one of our streams.
 * `consumer` is one that there may be.
 */
export const jetStreamCalls = (stream: string, consumer: string): string[] => [
  'INFO',
  'ACCOUNT.PURGE.CTL',
  'META.LEADER.STEPDOWN',
  'SERVER.REMOVE',
  'STREAM.NAMES',
  'STREAM.LIST',
  'STREAM.CREATE.MINE',
  ...['CREATE', 'UPDATE', 'INFO', 'DELETE', 'PURGE', 'MSG.GET', 'MSG.DELETE', 'SNAPSHOT', 'RESTORE'].map(
    (call) => `STREAM.${call}.${stream}`,
  ),
  ...['PEER.REMOVE', 'LEADER.STEPDOWN'].map((call) => `STREAM.${call}.${stream}`),
  ...['CREATE', 'NAMES', 'LIST'].map((call) => `CONSUMER.${call}.${stream}`),
  ...['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'PAUSE', 'RESET', 'UNPIN', 'MSG.NEXT', 'LEADER.STEPDOWN'].map(
    (call) => `CONSUMER.${call}.${stream}.${consumer}`,
  ),
  `DIRECT.GET.${stream}`,
];

/** The same under every prefix by which it could be reached, and what goes with it. */
export function jetStreamSubjects(consumer = 'mine'): string[] {
  const calls = Object.values(STREAMS).flatMap((stream) => jetStreamCalls(stream, consumer));
  const replies = Object.values(STREAMS).flatMap((stream) => [
    `$JS.ACK.${stream}.${consumer}.1.1.1.1.0`,
    `$JS.FC.${stream}.${consumer}.x`,
    `$JS.SNAPSHOT.RESTORE.${stream}.x`,
  ]);
  return [...new Set([...calls.map((call) => `$JS.API.${call}`), ...calls.map((call) => `CTLJS.${call}`), ...replies])];
}

/** What asks a broker about itself, or changes it. */
export const SYSTEM_SUBJECTS = [
  '$SYS.REQ.CLAIMS.UPDATE',
  '$SYS.REQ.CLAIMS.DELETE',
  '$SYS.REQ.CLAIMS.LIST',
  '$SYS.REQ.CLAIMS.PACK',
  '$SYS.REQ.SERVER.PING',
  '$SYS.REQ.SERVER.PING.JSZ',
  '$SYS.REQ.SERVER.X.RELOAD',
  '$SYS.REQ.ACCOUNT.PING.CONNZ',
  '$SYS.REQ.ACCOUNT.X.CLAIMS.LOOKUP',
];
