#!/bin/sh
# Writes the secrets that a deployment needs into a file, each generated here: `sh scripts/make-env.sh`, or `npm run
# env`. It needs only a shell, because a machine that runs containers may not have Node. Guarantees: existing entries of
# the file stay unchanged, so it can be run again after an upgrade; only its owner can read the file; no secret is
# printed.
#
#   sh scripts/make-env.sh [FILE]     FILE: .env for Compose (the default), secrets.env for an overlay of Kubernetes
set -eu
umask 077
file="${1:-$(dirname "$0")/../.env}"
touch "$file"
chmod 600 "$file"

# Only letters and digits, because the passwords become part of URLs. 40 of them are 238 bits.
secret() {
  LC_ALL=C tr -dc 'A-Za-z0-9' < /dev/urandom | head -c 40
}

added=''
for name in JWT_SECRET POSTGRES_OWNER_PASSWORD POSTGRES_APP_PASSWORD REDIS_PASSWORD GRAFANA_PASSWORD; do
  if ! grep -q "^$name=" "$file"; then
    printf '%s=%s\n' "$name" "$(secret)" >> "$file"
    added="$added $name"
  fi
done
if [ -n "$added" ]; then echo "added to $file:$added"; else echo "$file is already complete"; fi
