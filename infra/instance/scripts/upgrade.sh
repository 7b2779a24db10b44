#!/bin/bash
# Installs security updates, and restarts the database if its programs or OpenSSL changed. A timer runs this every week.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

versions() {
    rpm --query postgresql18-server openssl-libs glibc
}

before=$(versions)
retry dnf --quiet --assumeyes --releasever=latest --security upgrade
[ "$before" = "$(versions)" ] || systemctl restart clickstream-postgresql.service
