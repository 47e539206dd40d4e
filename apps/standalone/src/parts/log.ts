/** What the parts say while they start and stop; a pino logger fits. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };
