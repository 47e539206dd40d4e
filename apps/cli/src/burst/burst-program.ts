/**
 * The program that a short-lived machine runs: `tombolo-burst install | join | leave`. POSIX shell; what differs from machine
 * to machine, and every secret, is in the settings file that it reads (0600), so nothing of it is in a list of processes.
 */
export const BURST_PROGRAM = `#!/bin/sh
# tombolo-burst install | join | leave (written by "tombolo burst script")
set -eu
umask 022
export PATH="$PATH:/usr/local/bin" HOME="\${HOME:-/root}"
settings="\${TOMBOLO_BURST_SETTINGS:-/etc/tombolo/burst.env}"
state="\${TOMBOLO_STATE:-/var/lib/tombolo}"
interface="\${TOMBOLO_INTERFACE:-tmb0}"
k3s_config="\${TOMBOLO_K3S_CONFIG:-/etc/rancher/k3s/config.yaml}"
home=/opt/tombolo
work=
# shellcheck source=/dev/null
. "$settings"

say() { echo "tombolo-burst: $*" >&2; }
fail() { say "$*"; exit 1; }

# The network may be a moment late, and registries have bad moments.
retry() {
  for pause in 2 5 15 30; do
    if "$@"; then return 0; fi
    say "failed, again in $pause s: $1"
    sleep "$pause"
  done
  "$@"
}

fetch() { curl -fsSL --proto '=https,file' --proto-redir '=https' -o "$1" -- "$2"; }

has_node() {
  command -v node >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);'
}

install_node() {
  if has_node; then return; fi
  case "$(uname -m)" in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) fail "no Node.js for $(uname -m): bring Node 20.19 or newer in the image" ;;
  esac
  archive="node-$TOMBOLO_NODE_VERSION-linux-$arch.tar.xz"
  from="https://nodejs.org/dist/$TOMBOLO_NODE_VERSION"
  retry fetch "$work/$archive" "$from/$archive"
  retry fetch "$work/SHASUMS256.txt" "$from/SHASUMS256.txt"
  (cd "$work" && grep " $archive\\$" SHASUMS256.txt | sha256sum --check --status -) || fail "$archive is not what SHASUMS256.txt says"
  tar -xJf "$work/$archive" -C /usr/local --strip-components=1 --no-same-owner
}

clone() {
  rm -rf "$home.new"
  git clone --quiet --depth 1 \${TOMBOLO_SOURCE_REF:+--branch "$TOMBOLO_SOURCE_REF"} -- "$TOMBOLO_SOURCE" "$home.new"
}

unpack() {
  retry fetch "$work/source.tgz" "$TOMBOLO_SOURCE"
  if [ -n "\${TOMBOLO_SOURCE_SHA256:-}" ]; then
    echo "$TOMBOLO_SOURCE_SHA256  $work/source.tgz" | sha256sum --check --status - || fail "the archive is not the one whose SHA-256 was given"
  fi
  rm -rf "$home.new"
  mkdir -p "$home.new"
  tar -xzf "$work/source.tgz" -C "$home.new" --strip-components=1 --no-same-owner
}

# An archive may hold what was built and the packages that it needs; a clone never does.
build() {
  cd "$home.new"
  if [ ! -e dist/apps/agent/src/main.js ]; then
    retry npm ci --no-audit --no-fund --include=dev
    npm run build
    npm prune --omit=dev --no-audit --no-fund
  elif [ ! -d node_modules ]; then
    retry npm ci --no-audit --no-fund --omit=dev
  fi
  cd /
}

install_agent() {
  if command -v tombolo-agent >/dev/null; then return; fi
  if [ -z "\${TOMBOLO_SOURCE:-}" ]; then fail "the image holds no tombolo-agent; give --source to tombolo burst script"; fi
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  install_node
  case "$TOMBOLO_SOURCE" in
    *.tar.gz | *.tgz) unpack ;;
    *) retry clone ;;
  esac
  build
  rm -rf "$home"
  mv "$home.new" "$home"
  ln -sf "$home/apps/agent/bin/tombolo-agent.mjs" /usr/local/bin/tombolo-agent
  install -m 0644 "$home/deploy/systemd/tombolo-agent.service" /etc/systemd/system/tombolo-agent.service
}

# A node has another address after it left and joined again, so this is written at every joining.
configure_k3s() {
  if [ -z "\${TOMBOLO_K3S_URL:-}" ]; then return; fi
  address=$(ip -4 -o address show dev "$interface" | awk '{ sub("/.*", "", $4); print $4; exit }')
  if [ -z "$address" ]; then address=$(ip -6 -o address show dev "$interface" scope global | awk '{ sub("/.*", "", $4); print $4; exit }'); fi
  if [ -z "$address" ]; then fail "$interface has no address"; fi
  mkdir -p "$(dirname "$k3s_config")"
  (
    umask 077
    printf 'server: "%s"\\ntoken-file: "%s"\\nnode-ip: "%s"\\nflannel-iface: "%s"\\n' \\
      "$TOMBOLO_K3S_URL" /etc/tombolo/k3s-token "$address" "$interface" >"$k3s_config"
  )
}

# The service is made by k3s's own installer and starts after tombolo-burst.service, at every boot.
install_k3s() {
  if [ -z "\${TOMBOLO_K3S_URL:-}" ] || command -v k3s >/dev/null; then return; fi
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  retry fetch "$work/k3s.sh" https://get.k3s.io
  INSTALL_K3S_EXEC=agent INSTALL_K3S_SKIP_START=true INSTALL_K3S_VERSION="\${INSTALL_K3S_VERSION:-}" sh "$work/k3s.sh"
}

install_all() {
  install_agent
  systemctl daemon-reload
  systemctl enable --now tombolo-burst.service
  systemctl enable --now tombolo-agent.service
  install_k3s
  if [ -n "\${TOMBOLO_K3S_URL:-}" ]; then systemctl enable --now k3s-agent.service; fi
}

# What has joined is run by tombolo-agent.service, also with no server reachable, and has its address still.
join() {
  if [ -e "$state/identity.json" ] && { [ -z "\${TOMBOLO_K3S_URL:-}" ] || [ -e "$k3s_config" ]; }; then return; fi
  export TOMBOLO_ENROLMENT_TOKEN
  retry tombolo-agent up --state "$state" --interface "$interface" --exit-after-apply
  configure_k3s
}

# A reboot is no leave: the node comes back within its TTL, with its address.
leave() {
  if systemctl list-jobs --no-legend 2>/dev/null | grep -q 'reboot.target.*start'; then return; fi
  if [ -n "\${TOMBOLO_K3S_URL:-}" ]; then rm -f "$k3s_config"; fi
  if [ -e "$state/identity.json" ]; then tombolo-agent leave --state "$state"; fi
}

case "\${1:-}" in
  install) install_all ;;
  join) join ;;
  leave) leave ;;
  *) fail "say install, join or leave" ;;
esac
`;
