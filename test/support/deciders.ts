/** Of nodes, clusters and gateways, for tests that play a network's life through the services that own its parts. */
export { decideCreateClient, decideRevokeClient } from '../../apps/gateway-manager/src/clients/client.decider.js';
export { decideDrainGateway } from '../../apps/gateway-manager/src/gateways/drain.decider.js';
export {
  decideChangeGateway,
  decideCreateGateway,
  decideRemoveGateway,
} from '../../apps/gateway-manager/src/gateways/gateway.decider.js';
export { decideLinkClusters, decideUnlinkClusters } from '../../apps/gateway-manager/src/links/link.decider.js';
export {
  decidePublishService,
  decideWithdrawService,
} from '../../apps/gateway-manager/src/publications/publication.decider.js';
export {
  decideSetClusterMember,
  decideUnsetClusterMember,
} from '../../apps/registry/src/clusters/cluster-member.decider.js';
export {
  decideChangeCluster,
  decideDeclareCluster,
  decideRemoveCluster,
} from '../../apps/registry/src/clusters/cluster.decider.js';
export { decideEnrolNode } from '../../apps/registry/src/nodes/enrol-node.decider.js';
export {
  decideDisableNode,
  decideEnableNode,
  decideRemoveNode,
} from '../../apps/registry/src/nodes/node-lifecycle.decider.js';
