#!/bin/bash
# Makes the private authority of this instance and the certificates that it signs, in /var/lib/clickstream/pki.
#
# The authority lasts ten years and moves with the volume. A certificate is valid for 825 days; it is made again when less
# than 60 are left, when the authority did not sign it, or when it does not carry the instance's addresses.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
umask 077

authority_days=3650
certificate_days=825
renew_s=$((60 * 86400))

# The name by which AWS resolves the public address.
public_name() {
    local zone=$AWS_REGION.compute
    [ "$AWS_REGION" != us-east-1 ] || zone=compute-1
    printf 'ec2-%s.%s.amazonaws.com' "${INSTANCE_PUBLIC_ADDRESS//./-}" "$zone"
}

new_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

make_authority() {
    [ ! -s "$pki/ca.crt" ] || return 0
    log "a new authority"
    new_key "$pki/ca.key"
    openssl req -x509 -new -key "$pki/ca.key" -sha256 -days "$authority_days" -out "$pki/ca.new" -config - <<CONFIG
[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
CN = clickstream $INSTANCE_ROLE authority
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONFIG
    mv "$pki/ca.new" "$pki/ca.crt"
}

# Whether a certificate can stay: is_good NAME ADDRESS...
is_good() {
    local path=$pki/$1.crt address
    [ -s "$path" ] && [ -s "$pki/$1.key" ] || return 1
    openssl verify -CAfile "$pki/ca.crt" "$path" >/dev/null 2>&1 || return 1
    openssl x509 -in "$path" -noout -checkend "$renew_s" >/dev/null || return 1
    [ "$(openssl x509 -in "$path" -noout -pubkey)" = "$(openssl pkey -in "$pki/$1.key" -pubout)" ] || return 1
    for address in "${@:2}"; do
        openssl x509 -in "$path" -noout -checkip "$address" | grep -q 'does match' || return 1
    done
}

# Sign a certificate: sign NAME COMMON_NAME USE ALTERNATIVE_NAMES
sign() {
    log "a new certificate for $1"
    new_key "$pki/$1.key.new"
    openssl req -new -key "$pki/$1.key.new" -subj "/CN=$2" -out "$pki/$1.csr"
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -sha256 -days "$certificate_days" \
        -set_serial "0x$(openssl rand -hex 16)" -out "$pki/$1.crt.new" -extfile <(
            echo "basicConstraints = critical, CA:FALSE"
            echo "keyUsage = critical, digitalSignature"
            echo "extendedKeyUsage = $3"
            echo "authorityKeyIdentifier = keyid"
            echo "subjectAltName = $4"
        ) 2>/dev/null || fail "signing the certificate for $1 failed"
    rm "$pki/$1.csr"
    mv "$pki/$1.key.new" "$pki/$1.key"
    mv "$pki/$1.crt.new" "$pki/$1.crt"
}

server_certificate() {
    local names="IP:$INSTANCE_ADDRESS" addresses=("$INSTANCE_ADDRESS")
    if [ -n "$INSTANCE_PUBLIC_ADDRESS" ]; then
        names="$names, IP:$INSTANCE_PUBLIC_ADDRESS, DNS:$(public_name)"
        addresses+=("$INSTANCE_PUBLIC_ADDRESS")
    fi
    is_good server "${addresses[@]}" || sign server "$INSTANCE_ADDRESS" serverAuth "$names"
}

# The CN of a client's certificate is the name of its role in the database.
client_certificate() {
    is_good "$1" || sign "$1" "$1" clientAuth "DNS:$1"
}

make_authority
server_certificate
if [ "$INSTANCE_ROLE" = web ]; then
    client_certificate shop
    client_certificate truth
fi
