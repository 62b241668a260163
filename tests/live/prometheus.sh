#!/usr/bin/env bash
# Prometheus, node_exporter and Alertmanager of Debian: their numbers are told as they tell them, what they do not do is said;
# objectives by burn rates; a canary through `obs demo`.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
. tests/live/installed.bash
folder=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$folder"' EXIT

commands prometheus promtool prometheus-node-exporter prometheus-alertmanager python3 curl jq -- \
  prometheus prometheus-node-exporter prometheus-alertmanager python3 curl jq
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
until_true() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; return 1; }

export HOME=$folder LC_ALL=C.UTF-8 COLUMNS=80
cd "$folder"
node=$(free) alerts=$(free) port=$(free) app=$(free)
url=http://127.0.0.1:$port

# Counts that are known: each second 10 requests more, one of ten fails.
cat >app.py <<'PY'
import http.server, sys, time
start = time.time()
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        n = 1000 + int((time.time() - start) * 10)
        text = ("# TYPE http_requests_total counter\n"
                f'http_requests_total{{status="200"}} {n * 9}\nhttp_requests_total{{status="500"}} {n}\n').encode()
        self.send_response(200); self.send_header("Content-Type", "text/plain; version=0.0.4"); self.end_headers()
        self.wfile.write(text)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
PY
cat >prometheus.yml <<YML
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:$alerts']}]}]}
scrape_configs:
- {job_name: node, static_configs: [{targets: ['127.0.0.1:$node']}]}
- {job_name: app, static_configs: [{targets: ['127.0.0.1:$app']}]}
- {job_name: down, static_configs: [{targets: ['127.0.0.1:1']}]}
YML
cat >rules.yml <<'YML'
groups:
- name: app
  rules:
  - alert: OrdersFail
    expr: vector(1) > 0
    labels: {severity: page}
    annotations: {summary: orders fail, runbook_url: 'https://wiki.example/runbook#connection-pool-exhausted'}
YML
mkdir docs
printf '# Shop\n\n## Connection pool exhausted\n\nEvery connection is taken.\n' >docs/runbook.md
cat >alertmanager.yml <<'YML'
route: {receiver: none, group_wait: 0s}
receivers: [{name: none}]
YML
# Sixteen days of an application of which one request of ten fails, for what objectives say of history; until
# just now, as no scrape may be older than what is there.
python3 - >history.txt <<'PY'
import time
end = int(time.time()) - 20
times = [end - 120 * back for back in range(16 * 720, -1, -1)]
print("# TYPE orders counter")
for status, each in (("200", 900), ("500", 100)):
    for place, at in enumerate(times):
        print(f'orders_total{{status="{status}"}} {place * each} {at}')
print("# EOF")
PY
promtool tsdb create-blocks-from openmetrics history.txt data >promtool.log
python3 app.py "$app" & pids+=($!)
prometheus-node-exporter --web.listen-address="127.0.0.1:$node" >node.log 2>&1 & pids+=($!)
prometheus-alertmanager --config.file=alertmanager.yml --storage.path=alerts --cluster.listen-address= \
  --web.listen-address="127.0.0.1:$alerts" >alertmanager.log 2>&1 & pids+=($!)
until_true curl -fs "http://127.0.0.1:$alerts/-/ready"
# What fires before it has found its Alertmanager is sent again after that delay, of a minute unless said.
prometheus --rules.alert.resend-delay=1s --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$port" \
  >prometheus.log 2>&1 & pids+=($!)
until_true curl -fs "$url/-/ready" || { cat prometheus.log; exit 1; }
export PROMETHEUS_URL=$url ALERTMANAGER_URL=http://127.0.0.1:$alerts
says() { grep -E -- "$2" "$1" || { cat "$1"; return 1; }; }
value() { curl -fsG "$url/api/v1/query" --data-urlencode "query=$1" --data-urlencode "time=$2" | jq -r '.data.result[0].value[1] // "none"'; }
ends() { local expected=$1 code=0; shift; "$@" >out 2>err || code=$?; [ "$code" = "$expected" ] || { echo "exit code $code"; cat out err; return 1; }; }
has() { [ "$(value "$1" "$(date +%s.%3N)")" != none ]; }
scraped() { has 'rate(http_requests_total[5s])' && has 'node_load1' && has 'up{job="down"}' && has 'ALERTS{alertstate="firing"}'; }
until_true scraped || { echo 'nothing was scraped'; cat prometheus.log; exit 1; }

# The same number, bit for bit, at the same moment.
for query in 'node_load1' 'sum(rate(http_requests_total[5s]))' 'vector(0) / 0' 'vector(1) / 0' '-vector(1) / 0' 'histogram_quantile(0.95, sum by (le) (prometheus_http_request_duration_seconds_bucket))' 'count(up)'; do
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  seconds=$(date -u -d "$now" +%s)
  same() {
    local ours theirs
    ours=$("$obs" metrics --query "$query" --until "$now" -o json -q | jq -r '.series[0].points[0].value // "none"')
    theirs=$(value "$query" "$seconds")
    python3 -c 'import sys; a, b = sys.argv[1:]; sys.exit(not a or not (a == b or float(a) == float(b)))' "$ours" "$theirs" || { echo "$ours and not $theirs"; return 1; }
  }
  holds "$query is what Prometheus says" same
done
range() {
  "$obs" metrics --query up --since 10s --step 1s -o json -q >range.json
  curl -fsG "$url/api/v1/query_range" --data-urlencode query=up --data-urlencode "start=$(jq -r .since range.json)" \
    --data-urlencode "end=$(jq -r .until range.json)" --data-urlencode step=1 >theirs.json
  diff <(jq -c '[.series[] | [.labels.job, [.points[].value]]] | sort' range.json) \
    <(jq -c '[.data.result[] | [.metric.job, [.values[][1] | tonumber]]] | sort' theirs.json)
}
holds 'a range is what Prometheus says, value by value' range
holds 'a chart fits in 80 columns' bash -c '! "$1" metrics --query up --since 1m -q | sed "/last/,\$d" | grep -nE "^.{81,}"' - "$obs"
holds 'no data is not zero' ends 1 "$obs" metrics --query 'nothing_of_that_name'
holds 'a wrong expression is said with its place' ends 2 "$obs" metrics --query 'sum(('
holds 'its place' says err '1:6: parse error'
holds 'a picture is XML' bash -c '"$1" metrics --query up --since 1m -o svg -q >up.svg && python3 -c "import xml.dom.minidom as m; m.parse(\"up.svg\")"' - "$obs"

ends 0 "$obs" check --no-baseline -o json
holds 'the target that is down is named with its reason' jq -e '
  [.checks[] | select(.name == "prometheus").children[] | select(.name == "targets").children[]]
  | length == 1 and .[0].name == "down 127.0.0.1:1" and .[0].reason == "refused"' out
holds 'the firing alert is named, with its section of the runbook here' jq -e '
  [.checks[] | select(.name == "prometheus").children[] | select(.name == "alerts").children[]]
  | .[0].name == "OrdersFail" and .[0].runbook == "connection-pool-exhausted"' out
alerted() { "$obs" check source.alertmanager --no-baseline -o json | jq -e '.checks[0].children[0].children[0].name == "OrdersFail"'; }
holds 'Alertmanager has the alert too' until_true alerted

# One of ten fails: 99 % allow one of a hundred, which burns ten times as fast as its period.
cat >obs.toml <<'TOML'
[[slo]]
id = "orders"
objective = 99.0
errors = 'sum(rate(orders_total{status="500"}[{{window}}]))'
total = 'sum(rate(orders_total[{{window}}]))'
[[slo]]
id = "strict"
objective = 99.9
errors = 'sum(rate(orders_total{status="500"}[{{window}}]))'
total = 'sum(rate(orders_total[{{window}}]))'
[[slo]]
id = "young"
objective = 99.0
errors = 'sum(rate(http_requests_total{status="500"}[{{window}}]))'
total = 'sum(rate(http_requests_total[{{window}}]))'
TOML
"$obs" check objectives --no-baseline -o json >slo.json || true
holds 'burn rates are those of the known counts' jq -e '
  [.checks[] | select(.id == "orders").observed[] | select(.name | startswith("burn_")).value]
  | length == 7 and all((. - 10) * (. - 10) < 0.01)' slo.json
holds 'ten times is a page of 6h and none of 1h' jq -e '
  .checks[] | select(.id == "orders").children | map(.status) == ["ok", "fail", "warn", "warn"]' slo.json
holds 'a hundred times is a page' jq -e '.checks[] | select(.id == "strict").children[0].status == "fail"' slo.json
holds 'a budget says of how much data it is' jq -e '
  .checks[] | select(.id == "orders") | .message | test("the budget of 30d is used up, by data of 1[56]d")' slo.json
holds 'data of a moment is no window and no budget' jq -e '
  .checks[] | select(.id == "young") | .status == "unknown" and (.message | test("data of less than 1m|data of [12]m"))
  and all(.children[]; .status == "skipped") and all(.observed[]; .name == "burn_5m" or .value == null)' slo.json
rm obs.toml

kill -STOP "${pids[3]}"
holds 'a Prometheus that is stopped is a timeout, within the deadline' ends 1 timeout 5 "$obs" check source.prometheus --timeout 500ms --no-baseline -o json
holds 'and is called that' jq -e '.checks[0].reason == "timeout"' out
kill -CONT "${pids[3]}"

# The canary through an application that logs, traces and counts.
unset PROMETHEUS_URL ALERTMANAGER_URL
"$obs" demo --port 0 >demo.out 2>demo.err & pids+=($!)
until_true test -s demo.out || { cat demo.err; exit 1; }
orders=$(grep -oE 'orders-api at http://[0-9.:]+' demo.out | cut -d' ' -f3)
holds 'the canary finds its line, its trace and its count' ends 0 "$obs" check --canary "$orders/orders" -o json
holds 'each with its delay' jq -e '.checks[0].children | map(.name) == ["answer", "log line", "trace", "metrics"]
  and all(.status == "ok" and .duration_ms > 0)' out
holds 'nobody there is a failure' ends 1 "$obs" check --canary http://127.0.0.1:1/ -o json
kill -INT "${pids[-1]}"
[ $failed = 0 ] && echo "prometheus: values, ranges, targets, alerts, objectives and the canary hold"
exit $failed
