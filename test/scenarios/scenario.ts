import type { Endpoint, NetworkFact } from '#contracts/facts.js';
import { parseEndpoint } from '#ipam/endpoint-text.js';
import { planChange } from '#planner/plan-change.js';
import { planNode } from '#planner/plan-node.js';
import { gatewayCommands, type Named } from './gateway-commands.js';
import { NetworkHistory } from '../support/network-history.js';
import { describeChange, describeResource, type Legend } from './transcript.js';

/**
 * A network told line by line. Each command is one change, several commands with `;` between them are one change too;
 * the answer says what the planner sends to whom. docs/planner.md lists the commands.
 */
export class Scenario {
  #history: NetworkHistory | undefined;
  readonly #ids = new Map<string, string>();
  readonly #legend: Legend = { nodes: new Map(), keys: new Map() };

  get history(): NetworkHistory {
    if (!this.#history) throw new Error('begin with: network NAME RANGE…');
    return this.#history;
  }

  /** @returns the lines of the answer */
  run(line: string): string[] {
    const [verb, ...words] = line.split(/\s+/);
    if (verb === 'network') return this.#create(words);
    if (verb === 'show') return words.flatMap((name) => this.#show(name));
    const before = this.history.state;
    for (const command of line.split(/\s*;\s*/)) this.#change(command.split(/\s+/));
    const facts = this.history.facts.slice(before.version);
    return describeChange(planChange(before, this.history.state, facts), this.#legend);
  }

  #create([name, ...words]: string[]): string[] {
    const ranges = words.filter((word) => word.includes('/'));
    const number = (word: string, otherwise: number) => Number(after(words, word)[0] ?? otherwise);
    this.#history = new NetworkHistory({
      name,
      cidr: ranges.find((range) => !range.includes(':')) ?? null,
      cidr6: ranges.find((range) => range.includes(':')) ?? null,
      mtu: number('mtu', 1420),
      keepalive: number('keepalive', 25),
      defaultPolicy: words.includes('deny') ? 'deny' : 'allow',
    });
    return [];
  }

  #show(name: string): string[] {
    const set = planNode(this.history.state, this.#id(name));
    return [`${name}:`, ...set.map((resource) => `  ${describeResource(resource, this.#legend)}`)];
  }

  #change([verb, name = '', ...words]: string[]): void {
    if (verb === 'join') {
      const nodeId = this.history.join({ name, endpoints: endpointsIn(words), site: after(words, 'in')[0] ?? null });
      this.#ids.set(name, nodeId);
      this.#legend.nodes.set(nodeId, name);
    } else if (gatewayCommands[verb ?? '']) gatewayCommands[verb ?? '']?.(this.#named(), name, words);
    else if (verb === 'rotate') this.history.rotateKey(this.#id(name));
    else if (verb === 'set') this.history.append({ type: 'NetworkChanged', data: { changes: setting(name, words) } });
    else this.history.append(nodeFact(verb ?? '', this.#id(name), words));
    this.#nameKeys();
  }

  #named(): Named {
    return {
      history: this.history,
      idOf: (name) => this.#id(name),
      name: (name) => {
        const id = this.history.newId();
        this.#ids.set(name, id);
        this.#legend.nodes.set(id, name);
        return id;
      },
    };
  }

  #nameKeys(): void {
    const { keys } = this.#legend;
    const { nodes, clients } = this.history.state;
    for (const { publicKey } of [...nodes.values(), ...clients.values()])
      if (!keys.has(publicKey)) keys.set(publicKey, `key ${keys.size + 1}`);
  }

  #id(name: string): string {
    const id = this.#ids.get(name);
    if (!id) throw new Error(`nothing is called ${name}`);
    return id;
  }
}

function nodeFact(verb: string, nodeId: string, words: string[]): NetworkFact {
  switch (verb) {
    case 'leave':
      return { type: 'NodeRemoved', data: { nodeId, reason: 'left' } };
    case 'disable':
      return { type: 'NodeDisabled', data: { nodeId } };
    case 'enable':
      return { type: 'NodeEnabled', data: { nodeId } };
    case 'rename':
      return { type: 'NodeChanged', data: { nodeId, changes: { name: after(words, 'to')[0] ?? '' } } };
    case 'move':
      return { type: 'NodeChanged', data: { nodeId, changes: { site: after(words, 'in')[0] ?? null } } };
    case 'offer':
      return { type: 'NodeChanged', data: { nodeId, changes: { endpoints: endpointsIn(words) } } };
    case 'label':
      return {
        type: 'NodeChanged',
        data: { nodeId, changes: { labels: Object.fromEntries(words.map((w) => w.split('='))) } },
      };
    default:
      throw new Error(`no command ${verb}`);
  }
}

function setting(name: string, [value]: string[]) {
  if (name === 'default') return { defaultPolicy: value === 'deny' ? ('deny' as const) : ('allow' as const) };
  return { [name]: Number(value) };
}

/** `at 203.0.113.1:51820` is public, `lan 192.168.1.1:51820` is not. */
function endpointsIn(words: string[]): Endpoint[] {
  return words.flatMap((word, i): Endpoint[] => {
    const kind = word === 'at' ? 'public' : word === 'lan' ? 'lan' : undefined;
    return kind ? [{ ...parseEndpoint(words[i + 1] ?? ''), kind }] : [];
  });
}

function after(words: string[], word: string): string[] {
  const i = words.indexOf(word);
  return i < 0 ? [] : words.slice(i + 1);
}
