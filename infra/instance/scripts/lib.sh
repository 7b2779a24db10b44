# shellcheck shell=bash disable=SC2034
# What all scripts of an instance share: the facts, the places, and a few verbs. Source it at the top of a script.
#
# CLICKSTREAM_ROOT, when set, stands before every place: tests run the scripts in a folder.

shopt -s lastpipe # so that put_file at the end of a pipe can set `changed`
root=${CLICKSTREAM_ROOT:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bundle=$(dirname "$here")

set -a
# shellcheck source=/dev/null
. "$root/etc/clickstream/instance.env"
set +a
# shellcheck source=names.sh
. "$here/names.sh"

config=$root/etc/clickstream
home=$root/opt/clickstream
data=$root/var/lib/clickstream
pgdata=$data/pgsql
pki=$data/pki
socket=$root/run/postgresql
programs=$home/postgresql
clickstream=$home/venv/bin/clickstream
case $INSTANCE_ROLE in
    warehouse) database=$WAREHOUSE_DATABASE ;;
    web) database=$WEB_DATABASE ;;
    *) echo "instance.env: expected the role warehouse or web, got $INSTANCE_ROLE" >&2 && exit 1 ;;
esac

log() {
    printf '%s: %s\n' "$(basename "$0" .sh)" "$*"
}

fail() {
    log "$*" >&2
    exit 1
}

# Run a command until it succeeds, 30 times with pauses of 10 seconds: the network of a new instance takes its time.
retry() {
    local attempt
    for attempt in $(seq 30); do
        "$@" && return
        log "attempt $attempt of 30 failed: $1"
        sleep "${CLICKSTREAM_RETRY_S:-10}"
    done
    return 1
}

# Replace a file by standard input, in one step, if content, mode or owner differ; then `changed` is yes.
# put_file PATH MODE OWNER
changed=no
put_file() {
    local path=$1 new
    new=$(mktemp "$path.XXXXXX")
    cat >"$new"
    chown "$3" "$new"
    chmod "$2" "$new"
    if [ -f "$path" ] && cmp --silent "$new" "$path" && [ "$(stat -c '%a %U' "$new")" = "$(stat -c '%a %U' "$path")" ]; then
        rm "$new"
    else
        mv "$new" "$path"
        changed=yes
    fi
}

# Run a command as a system user, with its groups and without our environment's HOME.
as_user() {
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$user" --init-groups -- env --chdir=/ HOME=/nonexistent "$@"
}

# Run SQL from standard input as the superuser: sql DATABASE.
sql() {
    "$programs/psql" --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 \
        --host "$socket" --username postgres --dbname "$1"
}
