#!/bin/bash
# Publishes what clients of the database need, as parameters in SSM: the authority, passwords, certificates with keys.
#
# A password that SSM has is kept, so that a new instance with the old volume works with the clients of the old one.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
umask 077
# shellcheck source=parameters.sh
. "$here/parameters.sh"

# Give a role its password: set_password ROLE FILE. The server logs no statement of this session.
set_password() {
    {
        echo "set log_min_error_statement = panic;"
        printf "alter role %s password '" "$1"
        tr -d '\n' <"$secrets/$2"
        echo "';"
    } | sql postgres
}

publish_warehouse() {
    make_secret "$ETL_PASSWORD" etl hex
    set_password etl etl
    publish "$WAREHOUSE_CA" String "$pki/ca.crt"
}

publish_web() {
    make_secret "$SHOP_PASSWORD" shop hex
    set_password shop shop
    make_secret "$TRUTH_PASSWORD" truth hex
    set_password truth truth
    make_secret "$SHOP_SECRET" seal base64
    publish "$WEB_CA" String "$pki/ca.crt"
    publish "$SHOP_CA" String "$pki/ca.crt"
    publish "$SHOP_CERTIFICATE" String "$pki/shop.crt"
    publish "$SHOP_KEY" SecureString "$pki/shop.key"
    publish "$TRUTH_CERTIFICATE" String "$pki/truth.crt"
    publish "$TRUTH_KEY" SecureString "$pki/truth.key"
}

"publish_$INSTANCE_ROLE"
