#!/bin/bash
# Makes the system users, which cannot log in, and their folders on the data volume.
#
# A new instance may give them other numbers than the one that wrote the files, so that the owners are set again.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_user() {
    getent passwd "$1" >/dev/null ||
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$1"
}

# A folder of a user: private_folder USER PATH
private_folder() {
    mkdir -p "$2"
    chmod 0700 "$2"
    chown --recursive "$1:$1" "$2"
}

make_user clickstream
private_folder clickstream "$data/dumps"
private_folder postgres "$pgdata"
private_folder root "$pki"
if [ "$INSTANCE_ROLE" = warehouse ]; then
    make_user clickstream-dashboard
    private_folder clickstream-dashboard "$data/dashboard"
else
    make_user clickstream-sender
fi
