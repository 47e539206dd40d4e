import { busTarget } from './bus-target.js';
import type { FuzzTarget } from './fuzz-target.js';
import { httpTarget, postgresTarget } from './http-target.js';
import { ingestTarget } from './ingest-target.js';
import { reportTarget } from './report-target.js';
import { stateTarget } from './state-target.js';
import { streamTarget } from './stream-target.js';
import { tokenTarget } from './token-target.js';

export const targets: readonly FuzzTarget[] = [
  httpTarget,
  postgresTarget,
  busTarget,
  ingestTarget,
  tokenTarget,
  reportTarget,
  streamTarget,
  stateTarget,
];
