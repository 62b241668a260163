#!/usr/bin/env bash
# Real SDKs, from their registries, send to `obs serve` unchanged; what they sent is asked for by its ids.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
here=$PWD/tests/live
. tests/live/installed.bash
folder=$(mktemp -d)
trap 'kill "$backend" 2>/dev/null || true; rm -rf "$folder"' EXIT

python_packages python opentelemetry-sdk opentelemetry-exporter-otlp-proto-http opentelemetry-exporter-otlp-proto-grpc sentry-sdk
node_packages node @opentelemetry/api @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-http \
  @opentelemetry/exporter-trace-otlp-proto @sentry/node

export HOME=$folder
"$obs" serve --port 0 --store "$folder/store.sqlite" --ready-file "$folder/ready.json" --quiet &
backend=$!
ready "$folder/ready.json"
url=$(jq -r .url "$folder/ready.json")
export OTEL_EXPORTER_OTLP_ENDPOINT=$url SENTRY_DSN="http://key@${url#http://}/1" OBS_URL=$url

"$cache/python/bin/python" "$here/send_otlp.py" >"$folder/python.json"
"$cache/python/bin/python" "$here/send_sentry.py" >"$folder/sentry-python.json"
NODE_PATH=$cache/node/node_modules node "$here/send_otlp.js" >"$folder/node.json"
NODE_PATH=$cache/node/node_modules node "$here/send_sentry.js" >"$folder/sentry-node.json"
# The commands below would tell of themselves there too.
unset OTEL_EXPORTER_OTLP_ENDPOINT SENTRY_DSN

of() { jq -r ".$2" "$folder/$1.json"; }
trace_has() { "$obs" trace "$1" -o json | jq -e --arg name "$2" '[.. | .name? | strings] | index($name)'; }
logs_have() { "$obs" logs --request-id "$1" -o jsonl | jq -es --arg text "$2" 'any(.[]; .message == $text)'; }
jaeger_has() { curl -fsS "$url/api/traces/$1" | jq -e --arg name "$2" '[.data[0].spans[].operationName] | index($name)'; }
v3_has() {
  curl -fsS "$url/api/v3/traces/$1" |
    jq -e --arg name "$2" '[.result.resourceSpans[].scopeSpans[].spans[].name] | index($name)'
}
issue_has() { "$obs" issues --request-id "$1" -o json | jq -e --arg text "$2" '[.. | strings | select(contains($text))] | length > 0'; }
counted() { # kind, least
  local stored
  stored=$(curl -fsS "$url/metrics" | sed -n "s/^obs_records_total{kind=\"$1\",outcome=\"stored\"} //p")
  echo "$1: $stored"
  [ "${stored%.*}" -ge "$2" ]
}

for sender in python node; do
  for transport in $(jq -r 'keys[]' "$folder/$sender.json"); do
    id=$(of "$sender" "[\"$transport\"]")
    holds "a trace of $sender over $transport" trace_has "$id" "$sender $transport"
    holds "the same in Jaeger's older interface" jaeger_has "$id" "$sender $transport"
    holds "the same in Jaeger's present interface" v3_has "$id" "$sender $transport"
  done
done
for transport in http grpc; do
  holds "a log line of python over $transport" logs_have "$(of python "[\"$transport\"]")" "logged over $transport"
done
for sender in sentry-python sentry-node; do
  holds "an error of $sender" issue_has "$(of $sender request_id)" "broken by $sender"
  event=$(of $sender event_id)
  holds "its event in Sentry's web API" bash -c \
    "curl -fsS '$url/api/0/organizations/obs/eventids/$event/' | jq -e '.eventId == \"$event\"'"
  holds "a transaction of $sender" trace_has "$(of $sender trace_id)" "work of $sender"
  holds "a log line of $sender" logs_have "$(of $sender trace_id)" "logged by $sender"
done
holds "an error sent to Spotlight without a DSN" issue_has "$(of sentry-python spotlight_request_id)" 'broken without a DSN'
holds 'services by name' bash -c "curl -fsS '$url/api/services' | jq -e '.data | contains([\"live-python\", \"live-node\"])'"
holds 'a search by service and tag' bash -c \
  "curl -fsSG '$url/api/traces' -d service=live-python --data-urlencode 'tags={\"transport\":\"grpc\"}' | jq -e '.data | length == 1'"
holds 'spans are counted' counted span 8
holds 'log lines are counted' counted log 4
holds 'events are counted' counted event 3
holds 'measurements are counted' counted metric 2
holds 'nothing was refused' bash -c "! curl -fsS '$url/metrics' | grep '^obs_rejected_total' | grep -v ' 0\$'"
[ $failed = 0 ] && echo 'SDKs of OpenTelemetry and Sentry, in Python and JavaScript: all that they sent is there'
exit $failed
