/** As the CLI's (docs/agent.md). */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, notFound: 4, unreachable: 5 } as const;

/** What ends a command: one sentence for people, and the exit code. */
export class AgentFailure extends Error {
  constructor(
    readonly exit: keyof typeof EXIT,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'AgentFailure';
  }
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
