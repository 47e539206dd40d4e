import { DeviceError } from '../core/device.js';
import { tableName } from '../core/firewall/firewall.js';
import { readFirewall, sealName } from '../core/firewall/read-firewall.js';
import type { ObservedFirewall } from '../core/observed-device.js';
import { runTool, ToolError } from './run-tool.js';

/** Our one nftables table; no other is read or written. */
export class LinuxFirewall {
  readonly #table: string;

  constructor(interfaceName: string) {
    this.#table = tableName(interfaceName);
  }

  /** @returns null when there is no such table, or no nft that could have made one */
  async read(): Promise<ObservedFirewall | null> {
    const text = await this.#list();
    return text === undefined ? null : readFirewall(text);
  }

  /** One transaction, then the seal that tells that it is all there. @throws ToolError, DeviceError `unsupported` */
  async run(script: string, digest: string | null): Promise<void> {
    try {
      await runTool('nft', ['-f', '-'], script);
      if (digest === null) return;
      const text = await this.#list();
      if (text === undefined) return;
      await runTool('nft', ['add', 'chain', 'inet', this.#table, sealName(digest, text)]);
    } catch (error) {
      if (error instanceof ToolError && error.detail.notFound)
        throw new DeviceError(
          'unsupported',
          'this node translates or filters, and nft is not installed: install nftables',
        );
      throw error;
    }
  }

  async remove(): Promise<void> {
    if ((await this.#list()) !== undefined) await runTool('nft', ['delete', 'table', 'inet', this.#table]);
  }

  async #list(): Promise<string | undefined> {
    try {
      return await runTool('nft', ['-j', '-n', 'list', 'table', 'inet', this.#table]);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // Not there; or a kernel without nftables, which has no table either.
      if (error.detail.notFound || error.says(/No such file or directory|not supported|cache initialization failed/i))
        return undefined;
      throw error;
    }
  }
}
