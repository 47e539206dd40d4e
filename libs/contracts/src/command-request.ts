/** What the owner of a resource is asked to change, in `tombolo.commands.<service>.<name>`; the time of the decision is the owner's. */
export interface CommandRequest<Body> {
  networkId: string;
  /** Hash of the request: the same command id with another one is refused with `idempotency_mismatch`. */
  fingerprint: string;
  meta: {
    commandId: string;
    /** `token/<name>`, `node/<id>`, `key/<id>`, `service/<name>` */
    actor: string;
    /** `version` of the resource as the asker saw it. */
    expectedVersion?: number;
  };
  body: Body;
}

export interface CommandReply<Answer = unknown> {
  /** The view that the decider documents. */
  answer: Answer;
  /** Log version after the command. */
  version: number;
  /** The answer of an earlier call with the same command id. */
  repeated: boolean;
}
