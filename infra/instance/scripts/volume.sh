#!/bin/bash
# Mounts the data volume at /var/lib/clickstream. A volume that has any content is never formatted.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

device=$root/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${INSTANCE_VOLUME/-/}
place=/var/lib/clickstream

# The volume is attached after the instance has started.
retry test -e "$device" || fail "the volume $INSTANCE_VOLUME was not attached"

found=0
type=$(blkid -p -o value -s TYPE "$device") || found=$?
case $found in
    0) [ "$type" = xfs ] || fail "the volume $INSTANCE_VOLUME holds ${type:-partitions}, not xfs; it was left as it is" ;;
    2) mkfs.xfs -q -L clickstream "$device" ;; # nothing was found on it
    *) fail "examining the volume $INSTANCE_VOLUME failed" ;;
esac

uuid=$(blkid -p -o value -s UUID "$device")
line="UUID=$uuid $place xfs noatime,nodev,nosuid,noexec,nofail,x-systemd.device-timeout=10min 0 2"
{ grep -v " $place " "$root/etc/fstab" || true; echo "$line"; } | put_file "$root/etc/fstab" 0644 root:root
[ $changed = no ] || systemctl daemon-reload
mkdir -p "$data"
mountpoint --quiet "$data" || mount "$data"
xfs_growfs "$data" >/dev/null # after the volume was enlarged
chmod 0755 "$data"
