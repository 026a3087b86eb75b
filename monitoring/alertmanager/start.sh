#!/bin/sh
# Alertmanager reads no variables: this hands it ALERT_WEBHOOK_URL as a file, and says to whom alerts go.
set -eu
config=/tmp/alertmanager.yml
if [ -n "${ALERT_WEBHOOK_URL:-}" ]; then
  printf '%s' "$ALERT_WEBHOOK_URL" > /tmp/webhook-url
  sed 's/^  receiver: nobody$/  receiver: operators/' /etc/alertmanager/alertmanager.yml > "$config"
else
  cp /etc/alertmanager/alertmanager.yml "$config"
fi
# One of them: it has no others to agree with.
exec /bin/alertmanager --cluster.listen-address= --config.file="$config" --storage.path=/alertmanager "$@"
