import { runTool } from '#wireguard/linux/run-tool.js';

export interface WhereaboutsParts {
  /** What the machine's place is told by: equal while it is where it was. */
  read(): Promise<string>;
  onMoved(): void;
}

/** Tells when the machine is somewhere else. Leases and advertisements are renewed all the time and mostly say nothing new. */
export class Whereabouts {
  #known: string | undefined;
  #looking = Promise.resolve();

  constructor(private readonly parts: WhereaboutsParts) {
    this.look();
  }

  /** Compares; the first look only notes. */
  look(): void {
    this.#looking = this.#looking.then(() => this.#look()).catch(() => undefined);
  }

  async #look(): Promise<void> {
    const { read, onMoved } = this.parts;
    const now = await read();
    const hasMoved = this.#known !== undefined && this.#known !== now;
    this.#known = now;
    if (hasMoved) onMoved();
  }
}

interface Route {
  gateway?: string;
  dev?: string;
  prefsrc?: string;
}

/** Where the default routes of both families lead, without how long they are good for. */
export async function waysOut(): Promise<string[]> {
  const lists = await Promise.all(
    ['-4', '-6'].map(async (family) =>
      JSON.parse((await runTool('ip', [family, '-json', 'route', 'show', 'default'])) || '[]'),
    ),
  );
  return (lists.flat() as Route[]).map(({ gateway, dev, prefsrc }) => [gateway, dev, prefsrc].join(' '));
}
