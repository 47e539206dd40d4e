import { Inject, Injectable } from '@nestjs/common';
import { Refusal } from '#contracts/errors.js';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import type { NetworkState } from '#topology/network-state.js';
import { Decisions } from './decisions.js';

/** ISO 8601 with a zone: a local time would mean another moment on every machine. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
const PAGE = 1_000;

/** A network as it was. */
@Injectable()
export class PointsInTime {
  constructor(@Inject(Decisions) private readonly decisions: Decisions) {}

  /**
   * The version that a text names: a number, or the newest at a time.
   * @throws Refusal invalid, naming the field; Unavailable
   */
  async version(stream: string, at: string, field: string): Promise<number> {
    if (TIME.test(at) && !Number.isNaN(Date.parse(at)))
      return this.decisions.store.versionAt(stream, new Date(at).toISOString());
    if (!/^\d{1,15}$/.test(at))
      throw invalid(field, 'must be a version of the log, or a time such as 2027-01-31T12:00:00Z');
    const head = await this.decisions.store.head(stream);
    if (Number(at) > head) throw invalid(field, `must be at most ${head}, where the log ends`);
    return Number(at);
  }

  /** @throws Refusal not_found before the network was there and after it was gone; Unavailable */
  async network(
    stream: string,
    version: number,
  ): Promise<NetworkState & { network: NonNullable<NetworkState['network']> }> {
    const { state } = await this.decisions.networks.at(stream, version);
    const { network } = state;
    if (!network) throw new Refusal('not_found', `At version ${version} of the log this network was not there.`);
    return { ...state, network };
  }

  /** @throws Refusal invalid when there are more than `most`; Unavailable */
  async facts(
    stream: string,
    span: { after: number; upTo: number; most: number },
  ): Promise<RecordedFact<NetworkFact>[]> {
    const { after, upTo, most } = span;
    if (upTo - after > most) throw invalid('from', `must be at most ${most} versions before to`);
    const facts: RecordedFact[] = [];
    while (after + facts.length < upTo) {
      const page = await this.decisions.store.read(stream, { after: after + facts.length, upTo, limit: PAGE });
      if (page.length === 0) break;
      facts.push(...page);
    }
    return facts as RecordedFact<NetworkFact>[];
  }
}

function invalid(field: string, message: string): Refusal {
  return new Refusal('invalid', `${field} ${message}.`, [{ field, message }]);
}
