#!/bin/bash
# Stores a dump of the database in the raw bucket: dumps/ROLE/YYYY-MM-DD.dump. A timer runs this every day.
#
# It runs as the owner of the tables. The dump is complete and was read before anything is uploaded; the bucket's life
# cycle decides how long dumps are kept. README.md says how to restore one.
set -euo pipefail
root=${CLICKSTREAM_ROOT:-}
# shellcheck source=names.sh
. "$(dirname "${BASH_SOURCE[0]}")/names.sh"
case $INSTANCE_ROLE in
    warehouse) database=$WAREHOUSE_DATABASE ;;
    web) database=$WEB_DATABASE ;;
esac
programs=$root/opt/clickstream/postgresql
file=$root/var/lib/clickstream/dumps/$INSTANCE_ROLE.dump
place=s3://$INSTANCE_RAW_BUCKET/$DUMPS_PREFIX$INSTANCE_ROLE/$(date --utc +%F).dump

trap 'rm -f "$file"' EXIT
"$programs/pg_dump" --format custom --host "$root/run/postgresql" --username clickstream --file "$file" "$database"
"$programs/pg_restore" --list "$file" >/dev/null
aws s3 cp --only-show-errors "$file" "$place"
printf 'stored %s, %s bytes\n' "$place" "$(stat --format %s "$file")"
