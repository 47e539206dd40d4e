import { type FactView, factText, type Names } from '../log/fact-text.js';
import { nodeChangesText, type NodeChangeView } from '../topology/node-changes.js';
import type { Step } from './step.js';

/** What the server would record, and tell nodes. */
export interface Forecast {
  facts: Pick<FactView, 'version' | 'type' | 'data'>[];
  nodes: NodeChangeView[];
}

const SIGNS = { create: '+', change: '~', delete: '-' };

export const stepText = ({ does, what, details }: Step) =>
  [`${SIGNS[does]} ${what}`, ...details.map((line) => `    ${line}`)].join('\n');

export interface Plan {
  network: string;
  steps: Step[];
  /** null: not worked out. */
  forecast: Forecast | null;
}

export function planText({ network, steps, forecast }: Plan, names: Names): string {
  if (steps.length === 0) return `${network} is what the file says`;
  const lines = steps.map(stepText);
  if (!forecast) return lines.join('\n');
  forecast.facts.forEach((fact) => names.learn(fact));
  return [
    ...lines,
    'facts:',
    ...forecast.facts.map((fact) => `  ${fact.type}  ${factText(fact, names)}`.trimEnd()),
    'what nodes would be told:',
    ...nodeChangesText(forecast.nodes),
  ].join('\n');
}
