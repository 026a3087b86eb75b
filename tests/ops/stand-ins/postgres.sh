#!/bin/sh
# Handles POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB at the first start as the official image does.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?must be set}"
  user="${POSTGRES_USER:-postgres}"
  password_file="$(mktemp)"
  printf '%s' "$POSTGRES_PASSWORD" > "$password_file"
  initdb --username="$user" --pwfile="$password_file" --auth-host=scram-sha-256 --auth-local=trust ${POSTGRES_INITDB_ARGS:-} > /dev/null
  rm "$password_file"
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl -w -o "-c listen_addresses=''" start > /dev/null
  [ "${POSTGRES_DB:-$user}" = postgres ] || createdb --username="$user" "${POSTGRES_DB:-$user}"
  pg_ctl -w stop > /dev/null
fi
exec "$@" -c listen_addresses='*'
