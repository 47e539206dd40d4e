import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface InterruptedHttp {
  url: string;
  /** Which requests arrive and are carried out, and whose answers get lost on the way back. */
  loseAnswersTo(which: (method: string, path: string) => boolean): void;
  close(): Promise<void>;
}

/** A way to an HTTP server on which answers can be lost. */
export async function interruptedHttp(target: string): Promise<InterruptedHttp> {
  let lost: (method: string, path: string) => boolean = () => false;
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = '', url = '', headers } = incoming;
    const onward = request(`${target}${url}`, { method, headers }, (answer) => {
      if (lost(method, url)) {
        answer.resume().once('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once('error', () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseAnswersTo: (which) => (lost = which),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
