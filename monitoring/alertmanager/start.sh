#!/bin/sh
# Alertmanager does not read environment variables. This writes ALERT_WEBHOOK_URL to a file and selects the receiver.
set -eu
config=/tmp/alertmanager.yml
if [ -n "${ALERT_WEBHOOK_URL:-}" ]; then
  printf '%s' "$ALERT_WEBHOOK_URL" > /tmp/webhook-url
  sed 's/^  receiver: nobody$/  receiver: operators/' /etc/alertmanager/alertmanager.yml > "$config"
else
  cp /etc/alertmanager/alertmanager.yml "$config"
fi
# A single Alertmanager does not need a cluster port.
exec /bin/alertmanager --cluster.listen-address= --config.file="$config" --storage.path=/alertmanager "$@"
