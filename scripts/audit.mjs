/** What is known against the packages that are installed, where they come from, and under which licences. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const REGISTRY = 'https://registry.npmjs.org/';
const ENOUGH_MS = 60_000;
/** From this on a fault of a package that runs in production fails. */
const SERIOUS = new Set(['high', 'critical']);
/** That let us ship what is built on them; CC-BY-4.0 is data of a tool. */
const LICENCES =
  /^(MIT|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|BlueOak-1\.0\.0|Python-2\.0|Unlicense|CC0-1\.0|CC-BY-4\.0)$/;

/**
 * Asks npm's registry for faults of the packages of production. @returns `findings`, or the `reason` why it could not be asked: a
 * mirror of packages often knows nothing of them.
 */
export async function auditPackages() {
  const npm = process.env.npm_execpath;
  const [program, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  const { stdout, error } = spawnSync(program, [...first, 'audit', '--omit=dev', '--json', '--loglevel=silent'], {
    cwd: root,
    encoding: 'utf8',
    timeout: ENOUGH_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  return readAudit(stdout ?? '', error);
}

/** @param text what `npm audit --json` printed */
export function readAudit(text, error) {
  if (error) return { findings: [], reason: `npm audit did not end: ${error.code ?? error.message}` };
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    return { findings: [], reason: 'npm audit said nothing that can be read' };
  }
  if (!told.vulnerabilities)
    return {
      findings: [],
      reason: `the registry does not answer audits: ${told.message ?? told.error?.summary ?? 'no word why'}`,
    };
  const findings = Object.values(told.vulnerabilities)
    .filter(({ severity }) => SERIOUS.has(severity))
    .map(({ name, severity, range, via }) => `${name} ${range}: ${severity}, ${titlesOf(via)}`);
  return { findings, reason: undefined };
}

const titlesOf = (via) =>
  via.map((each) => (typeof each === 'string' ? each : `${each.title} (${each.url})`)).join('; ');

/** Packages of the lock file that come from elsewhere, cannot be told from others, or have a licence nobody looked at. */
export function foreignPackages(lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))) {
  return Object.entries(lock.packages).flatMap(([path, { resolved, integrity, license, link }]) => {
    // Our own, and the links to them.
    if (!path.includes('node_modules/') || link) return [];
    const problems = [];
    // Left out: from whatever registry is configured, and the digest says what it must be.
    if (resolved !== undefined && !resolved.startsWith(REGISTRY)) problems.push(`comes from ${resolved}`);
    if (!/^sha512-/.test(integrity ?? '')) problems.push('has no SHA-512');
    if (!isLicensed(license ?? ''))
      problems.push(`has the licence ${license ?? 'of nobody'}, which is not on the list in scripts/audit.mjs`);
    return problems.map((problem) => `${path.split('node_modules/').at(-1)} ${problem}`);
  });
}

/** SPDX: with OR one of them suffices, with AND all are needed. */
const isLicensed = (expression) =>
  expression
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((all) => all.split(' AND ').every((one) => LICENCES.test(one)));
