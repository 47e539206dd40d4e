/** The part of a pino logger that the log needs: values as fields, a constant message. */
export interface Logger {
  warn(fields: object, message: string): void;
}
