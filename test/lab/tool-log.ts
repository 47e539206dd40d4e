import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Host } from './rig/host.js';

const TOOLS = ['wg', 'ip', 'nft'];

/** Every call that an agent makes of the kernel's tools: started with `env`, it finds ours first, which note and pass on. */
export class ToolLog {
  private constructor(
    private readonly file: string,
    readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(host: Host, directory: string): Promise<ToolLog> {
    const tools = join(directory, `${host.name}-tools`);
    const file = join(tools, 'calls');
    mkdirSync(tools);
    writeFileSync(file, '');
    for (const tool of TOOLS) {
      const real = (await host.run('which', [tool])).trim();
      writeFileSync(join(tools, tool), `#!/bin/sh\necho "${tool} $*" >>${file}\nexec ${real} "$@"\n`);
      chmodSync(join(tools, tool), 0o755);
    }
    return new ToolLog(file, { PATH: `${tools}:${process.env.PATH}` });
  }

  /** The calls so far, oldest first: `wg show tmb0 dump`. */
  get calls(): string[] {
    return readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
  }
}
