import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** A named way out of the guest, /run/ports/<name> inside: a virtio serial port that QEMU connects to a socket of ours. */
export class GuestPort {
  /** QEMU's arguments, to follow a `virtio-serial-pci` device. */
  readonly device: string[];
  private readonly server: Server;
  private received = '';
  private listener: (text: string) => void = () => undefined;

  constructor(name: string, directory: string) {
    const path = join(directory, name);
    this.device = [
      ...['-chardev', `socket,id=${name},path=${path}`],
      ...['-device', `virtserialport,chardev=${name},name=${name}`],
    ];
    this.server = createServer((socket) => {
      socket.setEncoding('utf8').on('data', (text: string) => {
        this.received += text;
        this.listener(text);
      });
    }).listen(path);
  }

  onText(listener: (text: string) => void): void {
    this.listener = listener;
  }

  /** Everything that came out, once QEMU has ended. */
  async close(): Promise<string> {
    this.server.close();
    await once(this.server, 'close');
    return this.received;
  }
}
