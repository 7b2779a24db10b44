#!/bin/bash
# Programs that would change the machine of a test: they answer as the real ones do, and leave traces in $MACHINE/state.
set -euo pipefail
state=$MACHINE/state
case $(basename "$0") in
    rpm) cat "$state/rpm" 2>/dev/null || exit 1 ;;
    dnf) printf '%s-1\n' postgresql18-server openssl-libs glibc >"$state/rpm" ;;
    blkid)
        [ -e "$state/filesystem" ] || exit 2
        case "$*" in
            *TYPE*) cat "$state/filesystem" ;;
            *UUID*) echo 0b3a1c52-0000-4000-8000-000000000001 ;;
        esac
        ;;
    mkfs.xfs) echo xfs >"$state/filesystem" ;;
    mountpoint) [ -e "$state/mounted" ] ;;
    mount) touch "$state/mounted" ;;
    xfs_growfs) ;;
    useradd)
        user=${*: -1}
        number=$((61000 + $(wc -l <"$MACHINE/passwd")))
        echo "$user:x:$number:$number::/nonexistent:/usr/sbin/nologin" >>"$MACHINE/passwd"
        echo "$user:x:$number:" >>"$MACHINE/group"
        ;;
    python3.13)
        mkdir -p "$3/bin"
        ln -s "$MACHINE/bin/clickstream" "$3/bin/clickstream"
        ln -s "$MACHINE/bin/pip" "$3/bin/pip"
        ;;
    pip) ;;
esac
