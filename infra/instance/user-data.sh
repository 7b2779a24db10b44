#!/bin/bash
# First boot of an instance. CloudFormation fills the names in braces; they are all in the first block.
#
# It records the facts of this instance and installs the command clickstream-update, which fetches the bundle that an SSM
# parameter names ("s3://bucket/key hash"), verifies its content, and runs its bootstrap. `clickstream deploy` runs the
# same command after each change, so a new bundle changes neither this text nor the instance.
set -euo pipefail
umask 077
install -d -m 0755 /etc/clickstream  # the dashboard reads its certificate below it
cat >/etc/clickstream/instance.env <<'FACTS'
INSTANCE_ROLE='${Role}'
INSTANCE_VOLUME='${Volume}'
INSTANCE_ADDRESS='${Address}'
INSTANCE_PUBLIC_ADDRESS='${PublicAddress}'
INSTANCE_RAW_BUCKET='${RawBucket}'
INSTANCE_PARAMETERS='${Parameters}'
INSTANCE_BUNDLE='${BundleParameter}'
INSTANCE_COLLECTOR_URL='${CollectorUrl}'
INSTANCE_WAIT_URL='${WaitUrl}'
AWS_REGION='${Region}'
AWS_DEFAULT_REGION='${Region}'
FACTS
cat >/usr/local/sbin/clickstream-update <<'UPDATE'
#!/bin/bash
set -euo pipefail
umask 022
set -a
. /etc/clickstream/instance.env
set +a
exec 9>/run/clickstream-update.lock
flock 9
home=/opt/clickstream

retry() {
    for _ in $(seq 60); do
        "$@" && return
        sleep 10
    done
    return 1
}

# The hash covers the name and the content of every file.
fetch() {
    rm -rf $home/bundle.new && mkdir -p $home/bundle.new &&
        read -r url hash < <(aws ssm get-parameter --name "$INSTANCE_BUNDLE" --query Parameter.Value --output text) &&
        aws s3 cp --only-show-errors "$url" $home/bundle.zip &&
        python3 -m zipfile -e $home/bundle.zip $home/bundle.new &&
        found=$(cd $home/bundle.new && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum) &&
        [ "$found" = "$hash  -" ]
}

signal() {
    printf '{"Status":"%s","Reason":"%s","UniqueId":"%s","Data":"%s"}' "$1" "$2" "$INSTANCE_ROLE" "$2" |
        curl --silent --fail --max-time 30 --retry 5 --request PUT --data-binary @- --header 'Content-Type:' \
            --config <(printf 'url = "%s"\n' "$INSTANCE_WAIT_URL") || echo "the stack no longer waits for this instance"
}

if retry fetch && rm -rf $home/bundle && mv $home/bundle.new $home/bundle && bash $home/bundle/scripts/bootstrap.sh; then
    signal SUCCESS ready
else
    # The stack is rolled back, and the instance goes with its log: the reason keeps the end of it.
    log=/var/log/cloud-init-output.log
    last=$(tail -n 3 $log 2>/dev/null | tr '\n' ' ' | tr -cd '[:alnum:] .,:;/()=_-' | tail -c 300) || true
    signal FAILURE "the bootstrap failed; $log ends: $last"
    exit 1
fi
UPDATE
chmod 0755 /usr/local/sbin/clickstream-update
/usr/local/sbin/clickstream-update
