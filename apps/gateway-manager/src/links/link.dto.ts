import type { LinkClustersBody, UnlinkClustersBody } from '#contracts/gateway-commands.js';
import { ChoiceField, IdField } from '../commands/fields.js';

export class LinkClustersFields implements LinkClustersBody {
  @IdField()
  linkId!: string;

  @IdField()
  a!: string;

  @IdField()
  b!: string;

  @ChoiceField({ choices: ['assign', 'refuse'], optional: true })
  onOverlap?: 'assign' | 'refuse';
}

export class UnlinkClustersFields implements UnlinkClustersBody {
  @IdField()
  linkId!: string;
}
