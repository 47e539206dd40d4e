import type { Labels, NetworkModel } from '#contracts/facts.js';
import { MAX_RANGES } from '#topology/range-fields.js';
import { MODELS } from '../clusters/cluster-rules.js';
import { ChoiceField, LabelsField, ListField, TextField, TextListField, WholeNumberField } from '../http/fields.js';

/** A cluster with more nodes is reported by several sources, or its ranges alone. */
export const MOST_REPORTED_MEMBERS = 1_000;
const MOST_OFFER_SECONDS = 30 * 24 * 3600;

class NetworkData {
  @TextField({ description: 'Name or id of the network' })
  network!: string;
}

export class NodeData extends NetworkData {
  @TextField({ description: 'Name or id of the node' })
  node!: string;
}

export class NodeLabelsData extends NodeData {
  @LabelsField({ description: 'All labels: they replace those there are' })
  labels!: Labels;
}

export class NodeOfferData extends NetworkData {
  @TextField({ maxLength: 64, description: 'SHA-256 of a secret that the source made, hex; the secret is never sent' })
  secretHash!: string;

  @LabelsField({ optional: true, description: 'Labels that the machine gets' })
  labels?: Labels;

  @TextField({ optional: true, nullable: true, description: 'Site that the machine is in' })
  site?: string | null;

  @WholeNumberField({ optional: true, min: 60, max: MOST_OFFER_SECONDS, description: 'Seconds; a day if left out' })
  expiresIn?: number;

  @WholeNumberField({ optional: true, min: 60, max: 31_536_000, description: 'Seconds of silence until it is removed' })
  ephemeralTtl?: number;
}

export class ReportedMember {
  @TextField({ description: 'Name or id of the node' })
  node!: string;

  @TextListField({ optional: true, maxItems: MAX_RANGES, description: "Ranges of this node's own pods" })
  pods?: string[];
}

export class ClusterReportData extends NetworkData {
  @TextField({ description: 'Name of the cluster; declared if there is none' })
  cluster!: string;

  @TextListField({ optional: true, maxItems: MAX_RANGES, description: 'All pod ranges' })
  pods?: string[];

  @TextListField({ optional: true, maxItems: MAX_RANGES, description: 'All service ranges' })
  services?: string[];

  @ChoiceField({ choices: MODELS, optional: true, description: "The network's for a new cluster, if left out" })
  model?: NetworkModel;

  @ListField({ optional: true, of: ReportedMember, maxItems: MOST_REPORTED_MEMBERS, description: 'All nodes of it' })
  members?: ReportedMember[];
}
