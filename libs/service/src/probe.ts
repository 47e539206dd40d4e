import { request } from 'node:https';

/** `node probe.js URL`: exit code 0 when the URL answers 200. For health checks in containers, whose certificate is our own. */
const url = process.argv[2] ?? 'https://127.0.0.1:8080/healthz';
const call = request(url, { rejectUnauthorized: false, timeout: 2_000 }, ({ statusCode }) =>
  process.exit(statusCode === 200 ? 0 : 1),
);
call.on('timeout', () => process.exit(1));
call.on('error', () => process.exit(1));
call.end();
