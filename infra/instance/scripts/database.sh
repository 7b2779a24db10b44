#!/bin/bash
# Creates the PostgreSQL server and its database, and brings settings, certificates, roles and tables up to date.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

settings=$bundle/postgresql
service="clickstream-postgresql.service"

create_server() {
    if [ ! -e "$pgdata/PG_VERSION" ]; then
        rm -rf "$pgdata.new"
        install -d -m 0700 -o postgres -g postgres "$pgdata.new"
        as_user postgres "$programs/initdb" --pgdata "$pgdata.new" --username postgres --auth reject \
            --encoding UTF8 --locale C.UTF-8 --data-checksums >/dev/null
        rmdir "$pgdata"
        mv "$pgdata.new" "$pgdata"
    fi
    local made running
    made=$(cat "$pgdata/PG_VERSION")
    running=$("$programs/postgres" --version | grep -o '[0-9]*' | head -1)
    [ "$made" = "$running" ] || fail "PostgreSQL $made made the data, and $running is installed; see pg_upgrade"
}

# Copy one file into the data directory: put_setting FROM NAME
put_setting() {
    put_file "$pgdata/$2" 0600 postgres:postgres <"$1"
}

# A change of these needs a restart.
put_settings() {
    put_setting "$settings/postgresql.conf" postgresql.conf
    put_setting "$settings/$INSTANCE_ROLE/role.conf" role.conf
    printf "listen_addresses = '%s'\nunix_socket_directories = '%s'\n" "$INSTANCE_ADDRESS" "$socket" |
        put_file "$pgdata/instance.conf" 0600 postgres:postgres
    put_file "$root/etc/systemd/system/$service" 0644 root:root <"$bundle/units/$service"
}

# A reload reads these again.
put_access() {
    put_setting "$settings/$INSTANCE_ROLE/pg_hba.conf" pg_hba.conf
    put_setting "$settings/$INSTANCE_ROLE/pg_ident.conf" pg_ident.conf
    put_setting "$pki/server.crt" server.crt
    put_setting "$pki/server.key" server.key
    put_setting "$pki/ca.crt" root.crt
}

run_server() {
    local needs_restart
    put_settings
    needs_restart=$changed
    put_access
    if [ "$needs_restart" = yes ]; then
        systemctl daemon-reload
        systemctl enable --quiet "$service"
        systemctl restart "$service"
    else
        systemctl start "$service"
        systemctl reload "$service"
    fi
    retry "$programs/pg_isready" --quiet --host "$socket"
}

create_database() {
    sql postgres <"$settings/roles.sql"
    sql postgres <"$settings/$INSTANCE_ROLE/roles.sql"
    if [ -z "$(sql postgres <<<"select 1 from pg_database where datname = '$database'")" ]; then
        sql postgres <<<"create database $database owner clickstream encoding 'UTF8' template template0"
    fi
    sql "$database" <"$settings/database.sql"
}

# Tables belong to the role clickstream, and so do the rights that the platform's own scripts grant. It may not change
# other roles, which such a script warns of: roles.sql has set what is needed.
migrate() {
    local group=$1 url="postgresql:///$database?host=$socket&user=clickstream"
    as_user clickstream env CLICKSTREAM_WAREHOUSE_URL="$url" CLICKSTREAM_WEB_DB_URL="$url" \
        "$clickstream" "$group" migrate
    as_user clickstream "$clickstream" "$group" roles |
        as_user clickstream env PGOPTIONS='-c client_min_messages=error' "$programs/psql" --no-psqlrc --quiet \
            --set ON_ERROR_STOP=1 --host "$socket" --username clickstream --dbname "$database"
}

create_server
run_server
create_database
if [ "$INSTANCE_ROLE" = warehouse ]; then migrate warehouse; else migrate shop; fi
