export interface Frame {
  bytes: Buffer;
  /** Of a message; absent for everything else. */
  subject?: string;
}

const END = Buffer.from('\r\n');
/** What carries a message: the subject is the first argument, the payload's length the last. */
const MESSAGES = new Set(['PUB', 'HPUB', 'MSG', 'HMSG']);

/** Cuts what one side of a NATS connection sends into the frames of its protocol, whatever chunks it comes in. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    const line = this.#rest.indexOf(END);
    if (line < 0) return undefined;
    const [verb = '', ...words] = this.#rest.toString('latin1', 0, line).split(/[ \t]+/);
    const isMessage = MESSAGES.has(verb.toUpperCase());
    const end = line + END.length + (isMessage ? Number(words.at(-1)) + END.length : 0);
    if (this.#rest.length < end) return undefined;
    const bytes = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    return isMessage ? { bytes, subject: words[0] ?? '' } : { bytes };
  }
}
