import type { MessageHead } from '#contracts/node-stream.js';

/** The newest message that the stream holds for a node. */
export interface NodeHead extends MessageHead {
  /** Revision of the newest full; 0: none was seen. */
  fullRevision: number;
}

/** Takes one more message into account: the newest by epoch, then revision; a full at the same revision is the head. */
export function noteHead(heads: Map<string, NodeHead>, nodeId: string, head: MessageHead): void {
  const known = heads.get(nodeId);
  const newer = !known || head.epoch > known.epoch || (head.epoch === known.epoch && head.revision >= known.revision);
  const fullRevision = head.kind === 'full' ? head.revision : (known?.fullRevision ?? 0);
  if (newer) heads.set(nodeId, { ...head, fullRevision });
  else if (head.kind === 'full') known.fullRevision = Math.max(known.fullRevision, fullRevision);
}
