import { randomUUID } from 'node:crypto';
import type { NodeSet } from '#contracts/node-fold.js';
import { EMPTY_DIGEST, formatDigest } from '#contracts/node-stream.js';
import type { HeartbeatReport } from '#contracts/reports.js';
import { isInterface, isPeer, type LocalSettings } from '#wireguard/core/desired-device.js';
import type { Device } from '#wireguard/core/device.js';
import { isFilter, isNat } from '#wireguard/core/firewall/firewall.js';
import { LinuxDevice } from '#wireguard/linux/linux-device.js';
import { kernelHasIpv6 } from '#wireguard/linux/linux-host.js';
import { newestHandshake } from '#wireguard/linux/newest-handshake.js';
import { runTool } from '#wireguard/linux/run-tool.js';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServerLink, WayGuard } from './confirm/way-guard.js';
import { Converger, refusalsOf } from './converge/converger.js';
import { AgentFailure, messageOf } from './failure.js';
import { FollowServer } from './follow/follow-server.js';
import { Reports } from './follow/reports.js';
import type { Log } from './log.js';
import { ownEndpoints } from './enrol/own-endpoints.js';
import { forgetSources } from './observe/forget-sources.js';
import { ForwardedPairs } from './observe/forwarded-pairs.js';
import { LinkWatch } from './observe/link-watch.js';
import { Observer } from './observe/observer.js';
import { poke } from './observe/poke.js';
import { roundTrip } from './observe/round-trip.js';
import { Members } from './members/members.js';
import { handInOwnSignature } from './members/own-signature.js';
import { ProbeRunner } from './probe/probe-runner.js';
import { probeTarget } from './probe/probe-target.js';
import { KeyOffer } from './rotate/key-offer.js';
import { nodeRequest } from './server/node-request.js';
import { ControlPlaneAddresses } from './state/control-plane-addresses.js';
import { HeldSets } from './state/held-set.js';
import { type Identity, requireIdentity } from './state/identity.js';
import { nextReportSession } from './state/report-session.js';
import { SeenEndpoints } from './state/seen-endpoints.js';
import type { StateDir } from './state/state-dir.js';
import { TunnelKeys } from './state/tunnel-keys.js';
import { AGENT_VERSION } from './version.js';
import { KernelWatch } from './watch/kernel-watch.js';
import { waysOut, Whereabouts } from './watch/whereabouts.js';

export interface AgentOptions {
  dir: StateDir;
  /** End when what the server holds has been applied. */
  exitAfterApply: boolean;
  /** Ends it; the data plane stays as it is. */
  signal: AbortSignal;
  log: Log;
}

/** Drift that nobody tells of (a peer removed by hand) is found by then. */
const LOOK_EVERY_MS = 30_000;
const SETTLED_LOOK_MS = 20;
/** After a move the control plane has so long to answer. */
const MOVED_PATIENCE_MS = 1_000;

/**
 * Runs what was joined: the mesh from disk first, then the server, for ever. Resolves when the signal comes, or when all
 * is applied and that was all that was asked for.
 * @throws AgentFailure
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { dir, exitAfterApply, signal, log } = options;
  const identity = await requireIdentity(dir);
  const sets = new HeldSets(dir);
  const { held, warnings } = await sets.recall();
  for (const why of warnings) log.error({ why }, 'state on disk');
  const keys = await TunnelKeys.load(dir, identity);
  await keys.settle();
  const session = await nextReportSession(dir, Date.now(), log);
  const members = await Members.load(dir, identity.nodeId);
  const device = openDevice(dir, identity, keys);
  const controlPlane = await ControlPlaneAddresses.load(dir, identity);
  const local = localSettings(identity, keys, controlPlane);
  if (!local.ipv6) log.warn({}, 'this kernel has no IPv6: IPv6 addresses and routes are left out');

  const link: ServerLink = {
    get isConnected() {
      return follow.isConnected;
    },
    get controlPlane() {
      return controlPlane.prefixes;
    },
    answers: (patienceMs) => follow.answers(patienceMs),
    redial: () => follow.redial(),
  };
  const way = new WayGuard({ link, log });
  const admitted = (set: NodeSet) => members.admit(set, keys.publicKey).set;
  const converger = new Converger({
    device,
    local,
    keys,
    members,
    seen: await SeenEndpoints.load(dir),
    way,
    held,
    record: async (each) => {
      await sets.record(each);
      attend(admitted(each.set));
    },
    onApplied: (report, isAwaited) => reports.applied(report, isAwaited),
    onRejected: (report) => reports.rejected(report),
    log,
  });
  const follow = new FollowServer({
    dir,
    identity,
    session,
    held: held?.set,
    onSet: (set, receivedAt) => {
      converger.offer(set, receivedAt);
      keyOffer.look(set);
    },
    onConnected: () => {
      way.connected();
      reports.connected();
      observer.connected();
      lookForControlPlane();
    },
    onDisconnected: () => way.disconnected(),
    log,
  });
  const keyOffer = new KeyOffer({
    keys,
    offer: (publicKey) => nodeRequest(identity, { action: 'rotate-key', publicKey }),
    log,
  });
  const reports = new Reports({
    send: (report) => follow.report(report),
    heartbeat: () => heartbeatOf(converger, device),
    peers: () => peersOf(converger.admitted?.set),
    isHasty: exitAfterApply,
  });

  const { network, name: node, nodeId, interfaceName } = identity;
  log.info({ network, node, nodeId, interface: interfaceName, revision: held?.set.revision ?? 0 }, 'agent started');
  const whereabouts = new Whereabouts({
    read: async () => JSON.stringify([await ownEndpoints([], identity.listenPort), await waysOut()]),
    onMoved: () => {
      log.info({}, 'this machine has another address or way out');
      void resend().catch((error) => log.warn({ why: messageOf(error) }, 'peers learn late where this machine is'));
      void followAgain();
    },
  });
  const dump = () => runTool('wg', ['show', interfaceName, 'dump']);
  const resend = async () => {
    if (device.backend === 'userspace')
      for (const args of forgetSources(interfaceName, await dump())) await runTool('wg', args);
    await observer.moved();
  };
  /** A connection from an address that is gone would hang until TCP gives up. */
  const followAgain = async () => {
    if (!(await follow.answers(MOVED_PATIENCE_MS))) follow.redial();
  };
  const watch = new KernelWatch(
    interfaceName,
    { onChange: () => void converger.wake(), onMove: () => whereabouts.look() },
    log,
  );
  const probes = new ProbeRunner({
    probe: (target) => probeTarget(target, interfaceName),
    newestHandshake: () => newestHandshake(interfaceName),
    report: (body) => follow.report({ kind: 'probe', body }),
  });
  const observer = new Observer({
    watch: new LinkWatch(),
    dump,
    roundTrip,
    poke,
    forwarded: new ForwardedPairs(interfaceName),
    ownEndpoints: () => ownEndpoints([], identity.listenPort),
    report: (body) => follow.report({ kind: 'observed', body }),
    now: () => performance.now(),
    wall: () => Date.now() / 1000,
    run: randomUUID(),
  });
  const attend = (set: NodeSet) => {
    watch.watchFirewall(hasFirewall(set));
    observer.follow(set.resources.values());
    probes.follow(set.resources.values());
  };
  if (held) attend(admitted(held.set));
  const lookForControlPlane = () =>
    void controlPlane.refresh().then(
      (changed) => void (changed && converger.wake()),
      (error) => log.warn({ why: messageOf(error) }, 'the addresses of the control plane cannot be kept'),
    );
  lookForControlPlane();
  const handedIn = handInOwnSignature({
    dir,
    handIn: (signed) => nodeRequest(identity, { action: 'membership', signed }),
    log,
    pause: (ms) => delay(ms, undefined, { signal }).catch(() => undefined),
    signal,
  }).catch((error) => log.warn({ why: messageOf(error) }, 'what this node signed of itself stays on disk'));
  let unreadable = 0;
  const clock = setInterval(() => {
    void converger.wake();
    lookForControlPlane();
    if (follow.unreadable > unreadable)
      log.warn({ count: follow.unreadable - unreadable }, 'messages not sealed for this node');
    unreadable = follow.unreadable;
  }, LOOK_EVERY_MS);
  try {
    await converger.wake();
    await follow.start();
    if (held) keyOffer.look(held.set);
    if (exitAfterApply) await Promise.race([handedIn, aborted(signal)]);
    await (exitAfterApply ? settled(follow, converger, signal) : aborted(signal));
  } finally {
    clearInterval(clock);
    keyOffer.stop();
    way.stop();
    // What it has just applied is attended to by the three below, which may not begin again once they have ended.
    await converger.stop();
    watch.stop();
    probes.stop();
    observer.stop();
    reports.stop();
    await follow.stop();
    if (signal.aborted) await handedIn;
    log.info({}, 'agent stopped, the data plane stays');
  }
}

type DeviceIdentity = Pick<Identity, 'interfaceName' | 'publicKey' | 'backend'>;

/** @param keys tell which key is in use, when it changes too; without them it is the identity's */
export function openDevice(dir: StateDir, identity: DeviceIdentity, keys?: TunnelKeys): LinuxDevice {
  const { interfaceName, backend } = identity;
  return new LinuxDevice({
    interfaceName,
    backend,
    stateDir: dir.path,
    get publicKey() {
      return keys?.publicKey ?? identity.publicKey;
    },
    get otherKey() {
      return keys?.otherKey;
    },
    get privateKeyFile() {
      return keys?.privateKeyFile ?? dir.file('privateKey');
    },
  });
}

export function localSettings(
  { interfaceName, listenPort }: Identity,
  keys: TunnelKeys,
  addresses: ControlPlaneAddresses,
): LocalSettings {
  const ipv6 = kernelHasIpv6();
  return {
    interfaceName,
    listenPort,
    ipv6,
    get publicKey() {
      return keys.publicKey;
    },
    get controlPlane() {
      return addresses.prefixes;
    },
  };
}

function heartbeatOf(converger: Converger, device: Device): HeartbeatReport {
  const { held, admitted } = converger;
  const set = held?.set;
  return {
    agentVersion: AGENT_VERSION,
    epoch: set?.epoch ?? 0,
    revision: set?.revision ?? 0,
    digest: formatDigest(set?.digest ?? EMPTY_DIGEST),
    logVersion: set?.logVersion ?? 0,
    backend: device.backend ?? 'none',
    peers: peersOf(admitted?.set),
    repairs: converger.repairs,
    ...refusalsOf(admitted?.refused ?? []),
  };
}

const hasFirewall = (set: NodeSet) =>
  [...set.resources.values()].some(
    (each) => isNat(each) || isFilter(each) || each.name === 'internet' || (isInterface(each) && each.forward === true),
  );

const peersOf = (set: NodeSet | undefined) => [...(set?.resources.values() ?? [])].filter(isPeer).length;

async function settled(follow: FollowServer, converger: Converger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { latest } = follow;
    if (follow.isLevel && latest) {
      if (converger.held?.set === latest) return;
      if (converger.rejected === latest)
        throw new AgentFailure('refused', `revision ${latest.revision} was rejected: the log above says why`);
    }
    await delay(SETTLED_LOOK_MS);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
