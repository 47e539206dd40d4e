import { createInterface } from 'node:readline';
import { type Host } from './host.js';
import { type LabProcess } from './lab-process.js';
import { waitFor } from './wait-for.js';

const PROGRAMS = 'test/lab/rig/programs';

export interface Loss {
  sent: number;
  lost: number;
  /** Milliseconds from the first packet of the longest run without an answer to the next that had one. */
  longestGap: number;
}

/** Numbered packets, again and again, from one host to another and back: how many get lost while a test does something. */
export class LossProbe {
  private answered = 0;
  private loss: Loss | undefined;

  private constructor(
    private readonly path: string,
    private readonly sender: LabProcess,
    private readonly echo: LabProcess,
  ) {
    createInterface(sender.stdout).on('line', (line) => {
      if (line.startsWith('{')) this.loss = JSON.parse(line) as Loss;
      else this.answered = Number(line);
    });
  }

  /** Counts from the first packet that was answered. `rate` in packets per second. */
  static async start(from: Host, to: { host: Host; address: string; port: number }, rate = 200): Promise<LossProbe> {
    const { host, address, port } = to;
    const echo = host.spawn('node', [`${PROGRAMS}/udp-echo.mjs`, address, String(port)]);
    const sender = from.spawn('node', [`${PROGRAMS}/udp-sender.mjs`, address, String(port), String(rate)]);
    const probe = new LossProbe(`from ${from.name} to ${host.name} (${address})`, sender, echo);
    await probe.more(1);
    return probe;
  }

  /** Of two seconds' packets, started and ended for it. */
  static async lossOf(...[from, to]: Parameters<typeof LossProbe.start>): Promise<Loss> {
    const probe = await LossProbe.start(from, to);
    await probe.more(400);
    return probe.stop();
  }

  /** Waits until so many more packets have come back. `timeout` as in {@link Wait}. */
  async more(packets: number, { timeout }: { timeout?: number } = {}): Promise<void> {
    const { sender, echo, answered } = this;
    const came = () => (sender.mustRun(), echo.mustRun(), this.answered >= answered + packets);
    await waitFor(came, { what: `${packets} echoes ${this.path}`, ...(timeout !== undefined && { timeout }) });
  }

  /** Ends the sending, waits for what is still under way (a second at most), and tells. */
  async stop(): Promise<Loss> {
    this.sender.stdin.end();
    const loss = await waitFor(() => this.loss, { what: `the end of the probe ${this.path}` });
    await Promise.all([this.sender.ended, this.echo.stop()]);
    return loss;
  }
}
