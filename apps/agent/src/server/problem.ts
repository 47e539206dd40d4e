import type { HttpAnswer } from './http-request.js';

/** What went wrong, as the server says it (RFC 9457). */
export interface Problem {
  status: number;
  /** `name_taken`, `key_expired`, …; empty when the answer is not one of ours. */
  code: string;
  /** For people; one line. */
  detail: string;
}

/** Reads any answer that is no success; what does not look like a problem is told by its status alone. */
export function problemOf(answer: HttpAnswer): Problem {
  const { status } = answer;
  let fields: Record<string, unknown> = {};
  try {
    fields = Object(JSON.parse(answer.text)) as Record<string, unknown>;
  } catch {
    // A proxy's page.
  }
  const code = typeof fields.code === 'string' && /^[a-z0-9_]{1,64}$/.test(fields.code) ? fields.code : '';
  const said = typeof fields.detail === 'string' ? printable(fields.detail) : '';
  const errors = Array.isArray(fields.errors) ? fields.errors.slice(0, 5).map(fieldError).filter(Boolean) : [];
  const detail = [said || `the server answered with status ${status}`, ...errors].join('; ');
  return { status, code, detail };
}

function fieldError(value: unknown): string {
  const { field, message } = Object(value) as Record<string, unknown>;
  return typeof field === 'string' && typeof message === 'string' ? printable(`${field} ${message}`) : '';
}

/** It ends up on a terminal. */
const printable = (text: string) => text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').slice(0, 500);
