import { CommandFailed, EXIT } from '../exit-codes.js';

/** Reads a value of a file. @param at where it stands, for messages @throws CommandFailed with usage */
export type Reader<T> = (value: unknown, at: string) => T;

type Shape = Record<string, Reader<unknown>>;
type Values<S extends Shape, R extends keyof S> = { [K in R]: ReturnType<S[K]> } & {
  [K in keyof S]?: ReturnType<S[K]>;
};

export function wrong(at: string, message: string): CommandFailed {
  return new CommandFailed(EXIT.usage, `${at}: ${message}`);
}

export const text: Reader<string> = (value, at) => {
  if (typeof value !== 'string' || value === '') throw wrong(at, 'must be a text');
  return value;
};

export const flag: Reader<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw wrong(at, 'must be true or false');
  return value;
};

export const wholeNumber: Reader<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(at, 'must be a whole number');
  return value;
};

export const choice =
  <T extends string>(...choices: T[]): Reader<T> =>
  (value, at) => {
    const found = choices.find((one) => one === value);
    if (found === undefined) throw wrong(at, `must be one of ${choices.join(', ')}`);
    return found;
  };

export const orNull =
  <T>(read: Reader<T>): Reader<T | null> =>
  (value, at) =>
    value === null ? null : read(value, at);

export const list =
  <T>(read: Reader<T>): Reader<T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) throw wrong(at, 'must be a list');
    return value.map((one, index) => read(one, `${at}[${index}]`));
  };

/** A text that an argument of the command line may be, too. */
export const parsed =
  <T>(parse: (value: string) => T): Reader<T> =>
  (value, at) => {
    try {
      return parse(text(value, at));
    } catch (error) {
      if (error instanceof CommandFailed) throw error;
      throw wrong(at, (error as Error).message);
    }
  };

/** Named things. */
export const named =
  <T>(read: Reader<T>): Reader<Map<string, T>> =>
  (value, at) =>
    new Map(Object.entries(object(value, at)).map(([name, one]) => [name, read(one, `${at}.${name}`)]));

/** Fields of one thing; any other field is refused. */
export const fields =
  <S extends Shape, R extends keyof S & string>(shape: S, ...required: R[]): Reader<Values<S, R>> =>
  (value, at) => {
    const given = object(value, at);
    const missing = required.find((field) => given[field] === undefined);
    if (missing !== undefined) throw wrong(at, `must have ${missing}`);
    const read = ([field, one]: [string, unknown]) => {
      const reader = shape[field];
      if (!reader) throw wrong(at, `has no field ${field}, but ${Object.keys(shape).join(', ')}`);
      return [field, reader(one, at === '' ? field : `${at}.${field}`)];
    };
    return Object.fromEntries(Object.entries(given).map(read)) as Values<S, R>;
  };

function object(value: unknown, at: string): Record<string, unknown> {
  // A name with nothing after it, as YAML allows, has no fields.
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(at || 'the file', 'must have fields');
  return value as Record<string, unknown>;
}
