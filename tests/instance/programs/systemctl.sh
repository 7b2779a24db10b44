#!/bin/bash
# The part of systemd that matters here: it runs PostgreSQL as the unit says, and only notes the rest.
set -euo pipefail
unit=$MACHINE/root/etc/systemd/system/clickstream-postgresql.service
pid_file=$MACHINE/postgresql.pid

is_running() {
    [ -e "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null
}

start() {
    local user command
    user=$(sed -n 's/^User=//p' "$unit")
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    install -d -m 0755 -o "$user" "$MACHINE/root/run/$(sed -n 's/^RuntimeDirectory=//p' "$unit")"
    command=$(sed -E "s#(^| )/#\1$MACHINE/root/#g" <<<"$command")
    # shellcheck disable=SC2086 # the command is a list of words
    setsid setpriv --reuid "$user" --regid "$user" --init-groups -- $command >>"$MACHINE/postgresql.log" 2>&1 </dev/null &
    echo $! >"$pid_file"
}

stop() {
    is_running || return 0
    kill -INT "$(cat "$pid_file")"
    while is_running; do sleep 0.05; done
}

case "$1 ${*: -1}" in
    "start clickstream-postgresql.service") is_running || start ;;
    "restart clickstream-postgresql.service") stop && start ;;
    "reload clickstream-postgresql.service") kill -HUP "$(cat "$pid_file")" ;;
    "stop clickstream-postgresql.service") stop ;;
esac
