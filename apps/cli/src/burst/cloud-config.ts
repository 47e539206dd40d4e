import { stringify } from 'yaml';
import { BURST_PROGRAM } from './burst-program.js';
import type { Source } from './source.js';

export interface BurstOptions {
  /** The enrolment token. */
  token: string;
  /** null: the image holds the agent. */
  source: Source | null;
  k3s: K3s | null;
}

export interface K3s {
  /** Of a server, by its mesh address: `https://10.90.0.1:6443`. */
  url: string;
  /** null: somebody else writes it to /etc/tombolo/k3s-token. */
  token: string | null;
  /** For instance v1.31.4+k3s1; null: the newest stable one. */
  version: string | null;
}

/** Node.js for images that have none or an old one; checked against its own list of sums. */
const NODE_VERSION = 'v22.12.0';
const AGENT_PACKAGES = ['wireguard-tools', 'iproute2', 'nftables', 'iputils-ping', 'util-linux'];
const INSTALL_PACKAGES = ['ca-certificates', 'curl', 'git', 'xz-utils'];

/**
 * A cloud-config document (https://cloudinit.readthedocs.io/en/latest/reference/modules.html) for a machine that joins when it
 * boots and leaves when it is shut down. It holds secrets, in files of root alone.
 */
export function cloudConfig(options: BurstOptions): string {
  const { k3s, source } = options;
  const needsInstall = source !== null || k3s !== null;
  const document = {
    package_update: true,
    packages: [...AGENT_PACKAGES, ...(needsInstall ? INSTALL_PACKAGES : [])],
    write_files: [
      file('/etc/tombolo/burst.env', '0600', settings(options)),
      ...(k3s?.token ? [file('/etc/tombolo/k3s-token', '0600', `${k3s.token}\n`)] : []),
      file('/usr/local/sbin/tombolo-burst', '0755', BURST_PROGRAM),
      file('/etc/systemd/system/tombolo-burst.service', '0644', UNIT),
      ...(k3s ? [file('/etc/systemd/system/k3s-agent.service.d/tombolo.conf', '0644', AFTER_MESH)] : []),
    ],
    runcmd: [['/usr/local/sbin/tombolo-burst', 'install']],
  };
  return `#cloud-config\n# Holds secrets: whoever reads it can join the network until the key expires or is revoked.\n${stringify(document, { lineWidth: 0, blockQuote: 'literal' })}`;
}

const file = (path: string, permissions: string, content: string) => ({
  path,
  owner: 'root:root',
  permissions,
  content,
});

/** Read by the shell. */
function settings({ token, source, k3s }: BurstOptions): string {
  const values = {
    TOMBOLO_ENROLMENT_TOKEN: token,
    TOMBOLO_SOURCE: source?.url,
    TOMBOLO_SOURCE_REF: source?.ref,
    TOMBOLO_SOURCE_SHA256: source?.sha256,
    TOMBOLO_NODE_VERSION: source && NODE_VERSION,
    TOMBOLO_K3S_URL: k3s?.url,
    INSTALL_K3S_VERSION: k3s?.version,
  };
  const given = Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return given.map(([name, value]) => `${name}=${quoted(value)}\n`).join('');
}

const quoted = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;

/** Before the agent's own service: at shutdown that stops first, and the tunnels stay until this has left. */
const UNIT = `[Unit]
Description=Join the Tombolo network at boot, leave it at shutdown
Wants=network-online.target
After=network-online.target nss-lookup.target
Before=tombolo-agent.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/tombolo-burst join
ExecStop=/usr/local/sbin/tombolo-burst leave
TimeoutStartSec=300
TimeoutStopSec=30

[Install]
WantedBy=multi-user.target
`;

const AFTER_MESH = `[Unit]
After=tombolo-burst.service tombolo-agent.service
Requires=tombolo-burst.service
`;
