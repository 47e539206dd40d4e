#!/bin/sh
# Offers one machine to a network and prints the token that it joins with:
#   tombolo-agent up --token "$(./offer-node.sh nats://127.0.0.1:4222 inventory.creds inventory prod machine-17 '{"rack":"b4"}')"
# TOMBOLO_SOURCE_KEY=FILE signs the offer, for a source that was made with --signed (publish.mjs does it).
# The secret is made here and printed in the token alone; the control plane hears its hash.
set -eu
if [ $# -lt 5 ]; then
  echo 'usage: offer-node.sh NATS_URL CREDENTIALS_FILE SOURCE NETWORK ID [LABELS]' >&2
  exit 2
fi
url=$1 credentials=$2 source=$3 network=$4 id=$5
[ $# -ge 6 ] && labels=$6 || labels='{}'
here=$(dirname "$0")

base64url() { base64 -w 0 | tr '+/' '-_' | tr -d '='; }
# The first text or null under a name in a JSON object without nesting of that name.
field() { sed -E "s/.*\"$1\":(\"[^\"]*\"|null).*/\1/"; }

secret=$(head -c 32 /dev/urandom | base64url)
hash=$(printf %s "$secret" | sha256sum | cut -d ' ' -f 1)
# The id is the idempotency key: an offer that is sent again is the same offer only with the same hash.
event=$(printf '{"specversion":"1.0","id":"offer/%s","source":"/%s","type":"tombolo.node.offer","data":{"network":"%s","secretHash":"%s","labels":%s}}' \
  "$id" "$source" "$network" "$hash" "$labels")
if ! result=$(printf '%s\n' "$event" | node "$here/publish.mjs" "$url" "$credentials" "$source"); then
  printf '%s\n' "$result" >&2
  exit 1
fi
printf '{"v":1,"url":%s,"pin":%s,"keyId":%s,"secret":"%s"}' \
  "$(printf %s "$result" | field url)" "$(printf %s "$result" | field pin)" "$(printf %s "$result" | field keyId)" "$secret" |
  base64url | sed 's/^/tmb_/'
echo
