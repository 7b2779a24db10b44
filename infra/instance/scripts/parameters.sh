# shellcheck shell=bash
# Reading and writing parameters of SSM. Source it after lib.sh.
#
# Values pass through files in $secrets, a folder in memory that only root can read and that disappears with the script:
# never through arguments, variables or output, so that neither `ps` nor a trace shows them.

# shellcheck disable=SC2154 # root and more come from lib.sh
mkdir -p "$root/run"
secrets=$(mktemp --directory "$root/run/clickstream.XXXXXX")
trap 'rm -rf "$secrets"' EXIT

# Read a parameter into $secrets/FILE; returns 1 if it does not exist: get_parameter NAME FILE
get_parameter() {
    local attempt
    for attempt in $(seq 30); do
        if aws ssm get-parameter --name "$INSTANCE_PARAMETERS/$1" --with-decryption --query Parameter.Value \
            --output text >"$secrets/$2" 2>"$secrets/error"; then
            return 0
        fi
        rm "$secrets/$2"
        ! grep -q ParameterNotFound "$secrets/error" || return 1
        log "attempt $attempt of 30 to read $1 failed: $(tr '\n' ' ' <"$secrets/error")"
        sleep "${CLICKSTREAM_RETRY_S:-10}"
    done
    fail "reading the parameter $1 failed"
}

# Write a file to a parameter: put_parameter NAME TYPE FILE
put_parameter() {
    python3 -c '
import json, sys
value = sys.stdin.read().rstrip("\n")
json.dump({"Name": sys.argv[1], "Type": sys.argv[2], "Value": value, "Overwrite": True}, sys.stdout)
' "$INSTANCE_PARAMETERS/$1" "$2" <"$3" >"$secrets/request.json"
    retry aws ssm put-parameter --cli-input-json "file://$secrets/request.json" >/dev/null
    rm "$secrets/request.json"
}

# Write a file to a parameter unless it holds the same: publish NAME TYPE FILE
publish() {
    if ! get_parameter "$1" found || [ "$(sha256sum <"$secrets/found")" != "$(sha256sum <"$3")" ]; then
        put_parameter "$@"
    fi
}

# Make the parameter, with 32 random bytes, unless it exists. Leaves it in $secrets/FILE: make_secret NAME FILE FORMAT
make_secret() {
    if ! get_parameter "$1" "$2"; then
        log "a new value for $1"
        openssl rand "-$3" 32 >"$secrets/$2"
        put_parameter "$1" SecureString "$secrets/$2"
    fi
}
