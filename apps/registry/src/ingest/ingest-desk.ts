import { Inject, Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import { isRefusal, Refusal, Unavailable } from '#contracts/errors.js';
import { type IngestResult, SOURCE_COMMANDS, SOURCE_TYPE_PREFIX, type SourceCommand } from '#contracts/sources.js';
import { isName } from '#contracts/names.js';
import { verifyNatively } from '#service/verify-natively.js';
import type { SourceState, SystemState } from '#topology/system-fold.js';
import { FieldValidationPipe } from '../http/validation.pipe.js';
import { Decisions } from '../log/decisions.js';
import { RejectedCommands } from '../log/rejected-commands.js';
import { type IngestMessage, type IngestOutcome, REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { type CommandEvent, Malformed, readCommandEvent } from './command-event.js';
import { refuseUnsigned } from './command-signature.js';
import { resultAnswer } from './result-answer.js';
import { SOURCE_COMMAND_RULES } from './source-commands.js';

/** Deliveries of a command that fails for no known reason, before it is set aside. */
const TRIES = 5;

type Options = Pick<RegistryOptions, 'clock' | 'logger' | 'metrics' | 'publicUrl' | 'pin'>;

/** Does what other systems ask for, each command once, and says what became of it. */
@Injectable()
export class IngestDesk {
  private readonly fields = new FieldValidationPipe();
  private readonly counter: Counter<'outcome'>;

  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(RejectedCommands) private readonly rejected: RejectedCommands,
    @Inject(REGISTRY_OPTIONS) private readonly options: Options,
  ) {
    this.counter = new Counter({
      name: 'tombolo_registry_ingested_commands_total',
      help: 'Commands of other systems',
      labelNames: ['outcome'],
      registers: [options.metrics],
    });
  }

  /** @throws Unavailable when the log is away: the command comes again */
  async answer(message: IngestMessage): Promise<IngestOutcome> {
    const outcome = await this.outcome(message);
    const { source } = message;
    const { id, outcome: word, code } = outcome.result;
    this.counter.inc({ outcome: word });
    this.options.logger.debug({ source, id, outcome: word, code }, 'command of a source');
    return outcome;
  }

  private async outcome({ source, text, deliveries }: IngestMessage): Promise<IngestOutcome> {
    let event: CommandEvent | undefined;
    try {
      event = readCommandEvent(text);
      return { result: await this.execute(source, event) };
    } catch (error) {
      if (error instanceof Malformed) {
        const result = { id: error.id, outcome: 'rejected', code: 'malformed', detail: error.message } as const;
        return { result, park: error.message };
      }
      const id = event?.id ?? null;
      if (isRefusal(error)) return { result: { id, outcome: 'rejected', code: error.code, detail: error.detail } };
      if (error instanceof Unavailable || deliveries < TRIES) throw error;
      this.options.logger.error({ err: error, source, id }, 'a command of a source fails, set aside');
      const detail = 'The server failed on this command; its log tells why.';
      return { result: { id, outcome: 'rejected', code: 'failed', detail }, park: (error as Error).message };
    }
  }

  private async execute(name: string, event: CommandEvent): Promise<IngestResult> {
    const actor = `source/${name}`;
    try {
      const state = await this.decisions.systemState();
      const source = sourceInForce(state, name);
      const now = this.options.clock.now();
      refuseUnsigned(source, event, { now, verify: verifyNatively });
      refuseNotAllowed(source, event.type);
      const word = event.type.slice(SOURCE_TYPE_PREFIX.length) as SourceCommand;
      const { data: Data, decide } = SOURCE_COMMAND_RULES[word];
      const data = (await this.fields.transform(event.data, { type: 'body', metatype: Data })) as InstanceType<
        typeof Data
      >;
      const network = allowedNetwork(state, source, data.network);
      const commandId = sha256Hex(canonicalJson(['source', source.sourceId, event.id]));
      const command = { commandId, actor, at: now.toISOString() };
      const { facts, answer, repeated } = await this.decisions.networks.execute(network, {
        commandId,
        fingerprint: sha256Hex(canonicalJson([event.type, event.data])),
        decide: decide(command, data),
      });
      return {
        id: event.id,
        outcome: repeated ? 'duplicate' : 'accepted',
        events: facts.map(({ version }) => version),
        ...resultAnswer(word, answer, { url: this.options.publicUrl(), pin: this.options.pin }),
      };
    } catch (error) {
      if (isRefusal(error)) void this.rejected.note({ actor, code: error.code, ...auditOf(event) });
      throw error;
    }
  }
}

/** For the log, which keeps no text of others that it does not know. */
function auditOf({ type, data: { network } }: CommandEvent) {
  return { command: `INGEST ${isKnown(type) ? type : 'unknown'}`, network: isName(network) ? network : null };
}

const isKnown = (type: string) => SOURCE_COMMANDS.some((command) => type === SOURCE_TYPE_PREFIX + command);

function sourceInForce(state: SystemState, name: string): SourceState {
  const source = state.sources.get(state.sourceIdByName.get(name) ?? '');
  if (!source || source.revoked) throw new Refusal('forbidden', `There is no source "${name}" in force.`);
  return source;
}

function refuseNotAllowed({ name, allow }: SourceState, type: string): void {
  if (!isKnown(type)) {
    const known = SOURCE_COMMANDS.map((command) => SOURCE_TYPE_PREFIX + command).join(', ');
    throw new Refusal('invalid', `There is no command of that type; there are ${known}.`);
  }
  if (!allow.some((command) => type === SOURCE_TYPE_PREFIX + command))
    throw new Refusal('forbidden', `Source "${name}" may not send ${type}; it was made for ${allow.join(', ')}.`);
}

/** A network that it may not see is refused in the same words as one that there is not. */
function allowedNetwork(state: SystemState, source: SourceState, nameOrId: string): string {
  const networkId = state.networkIdByName.get(nameOrId) ?? nameOrId;
  if (source.networks.includes(networkId) && state.networks.has(networkId)) return networkId;
  throw new Refusal('forbidden', `Source "${source.name}" may not act on network "${nameOrId}".`);
}
