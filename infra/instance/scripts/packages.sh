#!/bin/bash
# Installs PostgreSQL and Python from the repositories of Amazon Linux, and the platform from the wheels of the bundle.
#
# Each set of wheels has its own environment, and /opt/clickstream/venv points to the current one: an update never changes
# files that a running process uses.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

wanted=(openssl postgresql18 postgresql18-server python3.13)

# Without `latest`, an instance sees only the packages of the day on which its image was made.
install_packages() {
    rpm --query "${wanted[@]}" >/dev/null ||
        retry dnf --quiet --assumeyes --releasever=latest install "${wanted[@]}"
}

link_programs() {
    local found
    found=$(readlink --canonicalize "$(command -v postgres)")
    mkdir -p "$home"
    ln --symbolic --force --no-dereference "$(dirname "$found")" "$programs"
}

install_wheels() {
    local hash venv old
    hash=$(cd "$bundle" && sha256sum requirements.txt | cut -c1-16)
    venv=$home/venvs/$hash
    if [ ! -e "$venv/complete" ]; then
        rm -rf "$venv"
        mkdir -p "$home/venvs"
        python3.13 -m venv "$venv"
        "$venv/bin/pip" --quiet --disable-pip-version-check install --no-index --no-cache-dir --require-hashes \
            --find-links "$bundle/wheels" --requirement "$bundle/requirements.txt"
        touch "$venv/complete"
    fi
    ln --symbolic --force --no-dereference "$venv" "$home/venv"
    for old in "$home"/venvs/*; do
        [ "$old" = "$venv" ] || rm -rf "$old"
    done
}

install_packages
link_programs
install_wheels
