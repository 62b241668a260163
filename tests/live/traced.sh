#!/usr/bin/env bash
# A real application, FastAPI with SQLAlchemy and HTTPX, sends its traces to `obs serve` over HTTP and over gRPC; they are
# explained, drawn and listed.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
here=$PWD/tests/live
. tests/live/installed.bash
folder=$(mktemp -d)
trap 'kill "$backend" 2>/dev/null || true; rm -rf "$folder"' EXIT
backend=''

# SQLAlchemy 2.1 is not instrumented yet. FastAPI has its own spans since 0.165, and with them the option that the
# application sets.
python_packages traced-python 'fastapi>=0.165' uvicorn 'sqlalchemy<2.1' httpx opentelemetry-sdk \
  opentelemetry-exporter-otlp-proto-http opentelemetry-exporter-otlp-proto-grpc \
  opentelemetry-instrumentation-fastapi opentelemetry-instrumentation-sqlalchemy opentelemetry-instrumentation-httpx

# Drawings are of UTF-8, and are judged as that.
export HOME=$folder COLUMNS=80 LC_ALL=C.UTF-8
"$obs" serve --port 0 --store "$folder/store.sqlite" --ready-file "$folder/ready.json" --quiet &
backend=$!
ready "$folder/ready.json"
url=$(jq -r .url "$folder/ready.json")
export OBS_URL=$url
for transport in http grpc; do
  OTEL_EXPORTER_OTLP_ENDPOINT=$url "$cache/traced-python/bin/python" "$here/traced_app.py" $transport >"$folder/ids.$transport.json"
done

# The rows of a trace, without what depends on the moment: its times, and the service's word for the transport.
rows() { # answer, transport
  jq -r --arg suffix "-$2" '.spans[] | select(.name != "connect" and .noise == null)
    | "\(.depth) \(.service | rtrimstr($suffix)) \(.kind) \(.name)"' "$1"
}
rows_are() { # answer, transport, rows
  diff <(echo "$3") <(rows "$1" "$2")
}
says() { grep -E -- "$2" "$1" || { cat "$1"; return 1; }; }
no_line_is_longer() { # file, columns
  ! grep -nE "^.{$(($2 + 1)),}" "$1"
}

basket='0 storefront server GET /basket
1 storefront internal price the basket
2 storefront client SELECT
2 storefront client SELECT
2 storefront client SELECT
2 storefront client SELECT
2 storefront client SELECT
2 storefront client SELECT
1 storefront client GET
2 stock server GET /reserve'
pay='0 storefront server GET /pay
1 storefront internal charge the card'

for transport in http grpc; do
  for request in basket pay; do
    id=$(jq -r ".$request" "$folder/ids.$transport.json")
    "$obs" trace "$id" --wait 0 -o json >"$folder/$request.json"
    "$obs" trace "$id" --wait 0 >"$folder/$request.txt"
    holds "$request over $transport: the rows" rows_are "$folder/$request.json" $transport "${!request}"
    holds "$request over $transport: it is complete" jq -e '.complete and .missing == []' "$folder/$request.json"
    holds "$request over $transport: each parent is there, and drawn above" jq -e '
      (.spans | map({(.span_id): .depth}) | add) as $depth | .spans | length > 1 and
      all(if .depth == 0 then .parent == null else $depth[.parent] == .depth - 1 end)' \
      "$folder/$request.json"
    holds "$request over $transport: the events of ASGI are folded" jq -e '
      .spans | map(select(.name | test(" http (send|receive)$")).noise) | length > 0 and all(. == "asgi_event")' \
      "$folder/$request.json"
    holds "$request over $transport: no line is longer than 80 columns" no_line_is_longer "$folder/$request.txt" 80
  done

  holds "over $transport: two services" jq -e --arg of $transport '
    [.spans[].service] | unique == ["stock-\($of)", "storefront-\($of)"]' "$folder/basket.json"
  holds "over $transport: nothing failed" jq -e '.root_cause == null and all(.spans[]; .error | not)' "$folder/basket.json"
  holds "over $transport: the six queries are a finding" jq -e '
    [.spans[] | select(.name == "SELECT").span_id] as $queries
    | [.findings[] | select(.kind == "n_plus_one")] | length == 1 and (.[0].spans | sort) == ($queries | sort)' \
    "$folder/basket.json"
  holds "over $transport: the root is drawn" says "$folder/basket.txt" "^  storefront-$transport GET /basket 200 +[0-9.]+m?s "
  holds "over $transport: the finding is drawn" says "$folder/basket.txt" "^N\+1 +storefront-$transport price the basket: 6 × "
  holds "over $transport: the queries are one row" says "$folder/basket.txt" '─SELECT ×6  N\+1 +[0-9.]+[mu]?s '
  holds "over $transport: the other service is drawn below the call" says "$folder/basket.txt" "^  [ │] └─stock-$transport GET /reserve 200 "

  holds "over $transport: the root cause" jq -e --arg of $transport '.root_cause | .exception_type == "__main__.CardDeclined"
    and .message == "the issuer said no" and .service == "storefront-\($of)" and .name == "charge the card"
    and .frame.function == "pay" and (.frame.file | endswith("/traced_app.py"))' "$folder/pay.json"
  holds "over $transport: the failing row is marked" says "$folder/pay.txt" '^✗ [├└]─charge the card .*✗'
  holds "over $transport: so is the request" says "$folder/pay.txt" "^✗ storefront-$transport GET /pay 500 .*✗"
  holds "over $transport: the root cause is drawn first" says "$folder/pay.txt" "^error +storefront-$transport charge the card"
  holds "over $transport: the exception is drawn" says "$folder/pay.txt" '^ +__main__\.CardDeclined: the issuer said no$'
  rows "$folder/basket.json" $transport >"$folder/rows.$transport"
done
holds 'both transports give the same rows' diff "$folder/rows.http" "$folder/rows.grpc"

"$obs" trace list --url "$url" >"$folder/list.txt"
"$obs" trace list --url "$url" -o json >"$folder/list.json"
for transport in http grpc; do
  for request in basket pay; do
    id=$(jq -r ".$request" "$folder/ids.$transport.json")
    holds "the list has $request over $transport" says "$folder/list.txt" "$id"
    holds "and its root" says "$folder/list.txt" "storefront-$transport +GET /$request"
    holds "and so in JSON" jq -e --arg id "$id" '[.. | strings] | index($id)' "$folder/list.json"
  done
done
holds 'the list has nothing else' jq -e '.traces | length == 4' "$folder/list.json"
holds 'nothing was refused' bash -c "! curl -fsS '$url/metrics' | grep '^obs_rejected_total' | grep -v ' 0\$'"
[ $failed = 0 ] && echo 'an application of FastAPI, SQLAlchemy and HTTPX: its traces are drawn right, over HTTP and gRPC'
exit $failed
