import type { IngestResult, SourceCommand } from '#contracts/sources.js';
import type { EnrolmentKeyView } from '#topology/view.js';
import type { ClusterReported } from './report-cluster.decider.js';

/** What a result tells besides versions: for an offer what makes a token of the secret, for a report who was left out. */
export function resultAnswer(
  command: SourceCommand,
  answer: unknown,
  { url, pin }: { url: string; pin: string | null },
): Pick<IngestResult, 'detail' | 'answer'> {
  if (command === 'node.offer') {
    const { keyId, expiresAt } = answer as EnrolmentKeyView;
    return { answer: { keyId, expiresAt, url, pin } };
  }
  if (command !== 'cluster.report') return {};
  const { clusterId, unknownNodes } = answer as ClusterReported;
  const shown = unknownNodes.slice(0, 10).join(', ');
  const more = unknownNodes.length > 10 ? ` and ${unknownNodes.length - 10} more` : '';
  return {
    ...(shown && { detail: `No members, because the network has no such nodes: ${shown}${more}.` }),
    answer: { clusterId, unknownNodes },
  };
}
