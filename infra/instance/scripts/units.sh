#!/bin/bash
# Installs the units of this instance's role, and starts what is new or changed.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

units=$root/etc/systemd/system
shared=(clickstream-dump clickstream-certificates clickstream-upgrade)
case $INSTANCE_ROLE in
    warehouse) timers=("${shared[@]}" clickstream-truth) ;;
    web) timers=("${shared[@]}" clickstream-send) ;;
esac

put_unit() {
    put_file "$units/$1" 0644 root:root <"$bundle/units/$1"
}

for name in "${timers[@]}"; do
    put_unit "$name.service"
    put_unit "$name.timer"
done
if [ "$INSTANCE_ROLE" = warehouse ]; then
    put_unit clickstream-dashboard.service
    put_file "$config/dashboard.env" 0600 root:root <<SETTINGS
CLICKSTREAM_RAW_URL=s3://$INSTANCE_RAW_BUCKET
AWS_REGION=$AWS_REGION
SETTINGS
else
    put_file "$config/send.env" 0600 root:root <<SETTINGS
CLICKSTREAM_COLLECTOR_URL=$INSTANCE_COLLECTOR_URL
SETTINGS
fi

[ $changed = no ] || systemctl daemon-reload
for name in "${timers[@]}"; do
    systemctl enable --quiet --now "$name.timer"
done
if [ "$INSTANCE_ROLE" = warehouse ]; then
    systemctl enable --quiet clickstream-dashboard.service
    systemctl restart clickstream-dashboard.service # a bootstrap mostly brings a new version of it
fi
