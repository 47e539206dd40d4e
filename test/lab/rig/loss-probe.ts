import { createInterface } from 'node:readline';
import { type Host } from './host.js';
import { type LabProcess } from './lab-process.js';
import { waitFor } from './wait-for.js';

const ECHO = 'test/lab/rig/programs/udp-echo.mjs';
const SENDER = 'test/lab/rig/programs/udp-sender.mjs';

export interface Loss {
  sent: number;
  lost: number;
  /** Milliseconds of the longest run of packets with no answer. */
  longestGap: number;
}

/** Numbered packets, again and again, from one host to another and back: how many get lost while a test does something. */
export class LossProbe {
  private constructor(
    private readonly sender: LabProcess,
    private readonly echo: LabProcess,
    private readonly result: Promise<string>,
  ) {}

  /** Counts from the first packet that was answered. `rate` in packets per second. */
  static async start(from: Host, to: { host: Host; address: string; port: number }, rate = 200): Promise<LossProbe> {
    const echo = to.host.spawn('node', [ECHO, to.address, String(to.port)]);
    const sender = from.spawn('node', [SENDER, to.address, String(to.port), String(rate)]);
    const lines = createInterface(sender.stdout)[Symbol.asyncIterator]();
    const path = `${from.name} to ${to.host.name} (${to.address})`;
    let started = false;
    const first = lines.next().then(() => (started = true));
    await waitFor(() => (sender.mustRun(), echo.mustRun(), started), { what: `an echo on the path ${path}` });
    await first;
    return new LossProbe(
      sender,
      echo,
      lines.next().then(({ value }) => value as string),
    );
  }

  /** Ends the sending, waits for what is still under way (a second at most), and tells. */
  async stop(): Promise<Loss> {
    this.sender.stdin.end();
    const result = JSON.parse(await this.result) as Loss;
    await Promise.all([this.sender.ended, this.echo.stop()]);
    return result;
  }
}
