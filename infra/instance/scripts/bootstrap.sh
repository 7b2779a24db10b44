#!/bin/bash
# Sets up an instance, or brings it up to date: it can be run again at any time, and changes only what differs.
#
# In: /etc/clickstream/instance.env and the bundle around this script. Out: a running warehouse or shop's database with
# all that belongs to it. The steps are separate processes, each of which stops at its first error.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for step in volume packages users certificates database secrets units; do
    log "$step"
    bash "$here/$step.sh"
done
if [ "$INSTANCE_ROLE" = warehouse ]; then
    log truth
    bash "$here/truth.sh"
fi
log "done"
