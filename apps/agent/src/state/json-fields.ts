/** Reads JSON that somebody else wrote, field by field; whatever is not as it must be is named. */
export class JsonFields {
  readonly #fields: Record<string, unknown>;

  constructor(
    value: unknown,
    /** Begins the message: `the server's answer`. */
    private readonly what: string,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`${what} is no JSON object`);
    this.#fields = value as Record<string, unknown>;
  }

  static parse(text: string, what: string): JsonFields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Error(`${what} is no JSON`);
    }
    return new JsonFields(value, what);
  }

  text(name: string, isGood: (text: string) => boolean = (text) => text !== ''): string {
    const value = this.#fields[name];
    if (typeof value !== 'string' || !isGood(value)) throw this.#wrong(name);
    return value;
  }

  textOrNull(name: string, isGood?: (text: string) => boolean): string | null {
    return this.#fields[name] === null ? null : this.text(name, isGood);
  }

  /** At least one. */
  texts(name: string, isGood: (text: string) => boolean): string[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || value.length === 0) throw this.#wrong(name);
    if (!value.every((each): each is string => typeof each === 'string' && isGood(each))) throw this.#wrong(name);
    return value;
  }

  whole(name: string, from: number, to = Number.MAX_SAFE_INTEGER): number {
    const value = this.#fields[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < from || value > to) throw this.#wrong(name);
    return value;
  }

  object(name: string): JsonFields {
    return new JsonFields(this.#fields[name], `${this.what}, field "${name}",`);
  }

  list(name: string): unknown[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw this.#wrong(name);
    return value;
  }

  /** The value is not told: it may be a secret. */
  #wrong(name: string): Error {
    return new Error(`${this.what} has no good field "${name}"`);
  }
}
