#!/bin/bash
# Makes certificates again that end soon, and gives them to the server and its clients. A timer runs this every day.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bash "$here/certificates.sh"
put_file "$pgdata/server.crt" 0600 postgres:postgres <"$pki/server.crt"
put_file "$pgdata/server.key" 0600 postgres:postgres <"$pki/server.key"
[ $changed = no ] || systemctl reload clickstream-postgresql.service
bash "$here/secrets.sh"
