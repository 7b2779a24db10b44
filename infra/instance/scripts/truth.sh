#!/bin/bash
# Lets the dashboard compare with the shop's orders, once the shop's database has published the certificate for that.
#
# Both instances start at the same time, and certificates are renewed: a timer runs this every hour.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
umask 077
# shellcheck source=parameters.sh
. "$here/parameters.sh"

folder=$config/truth
group="clickstream-dashboard"

for name in "$WEB_CA" "$TRUTH_PASSWORD" "$TRUTH_CERTIFICATE" "$TRUTH_KEY"; do
    if ! get_parameter "$name" "$(basename "$name")"; then
        log "the shop's database has not published $name yet"
        exit 0
    fi
done

mkdir -p "$folder"
chown "root:$group" "$folder"
chmod 0750 "$folder"
put_file "$folder/ca.crt" 0640 "root:$group" <"$secrets/ca"
put_file "$folder/truth.crt" 0640 "root:$group" <"$secrets/certificate"
put_file "$folder/truth.key" 0640 "root:$group" <"$secrets/key"
{
    printf '%s:%s:%s:truth:' "$WEB_ADDRESS" "$POSTGRES_PORT" "$WEB_DATABASE"
    cat "$secrets/password"
} | put_file "$folder/password" 0600 "$group:$group"
path=/etc/clickstream/truth
put_file "$folder/dashboard.env" 0600 root:root <<SETTINGS
CLICKSTREAM_WEB_DB_URL=postgresql://truth@$WEB_ADDRESS:$POSTGRES_PORT/$WEB_DATABASE?sslmode=verify-full&sslrootcert=$path/ca.crt&sslcert=$path/truth.crt&sslkey=$path/truth.key&passfile=$path/password
SETTINGS
[ $changed = no ] || systemctl try-restart clickstream-dashboard.service
