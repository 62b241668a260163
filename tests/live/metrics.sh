#!/usr/bin/env bash
# Pages of metrics of real libraries and of node_exporter: no sample is lost against prometheus_client's own reader, the
# signals of requests that were made are right, and numbers of one worker of two are found out.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
here=$PWD/tests/live
. tests/live/installed.bash
folder=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
export HOME=$folder COLUMNS=80 LC_ALL=C.UTF-8

commands prometheus-node-exporter -- prometheus-node-exporter
python_packages metrics-python prometheus_client fastapi uvicorn starlette-prometheus prometheus-fastapi-instrumentator
python=$cache/metrics-python/bin/python

free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { for _ in $(seq 200); do curl -sf -o "$folder/answer" "$1" && return; sleep 0.05; done; return 1; }

url=
serve() { # library, options of uvicorn
  local port
  port=$(free_port)
  (cd "$here" && METRICS_LIBRARY=$1 PYTHONDONTWRITEBYTECODE=1 exec "$python" -m uvicorn metrics_app:app --port "$port" \
    --log-level error "${@:2}") 2>"$folder/$1.err" &
  started+=($!)
  url=http://127.0.0.1:$port
  answers "$url/who"
}
requests() { curl -s "$url/items/[$1-$2]" >/dev/null; }

loses_nothing() { # page
  "$obs" metrics list "$1" -n 0 -o jsonl | "$python" "$here/metrics_read.py" --obs >"$folder/ours"
  "$python" "$here/metrics_read.py" --lines "$1" >"$folder/theirs"
  diff "$folder/theirs" "$folder/ours" && [ "$(wc -l <"$folder/ours")" -ge "$2" ]
}
proven() { echo "$*"; }

port=$(free_port)
prometheus-node-exporter --web.listen-address="127.0.0.1:$port" 2>"$folder/node.err" &
started+=($!)
answers "http://127.0.0.1:$port/metrics"
cp "$folder/answer" "$folder/node.prom"
holds 'node_exporter: no sample is lost' loses_nothing "$folder/node.prom" 300
holds 'node_exporter: its page breaks no rule' "$obs" metrics lint --no-names "$folder/node.prom"
"$obs" metrics "127.0.0.1:$port" --window 1s -o json >"$folder/machine.json"
holds 'node_exporter: the machine comes before the exporter' jq -e '.pages[0].saturation
  | .[0].name == "cpu of the machine" and .[0].max == $cores and .[0].used <= .[0].max
    and ([.[] | select(.name | endswith("of the machine"))] | length >= 4)
    and all(.[] | select(.metric | startswith("process_")); .name | endswith("of the exporter itself"))' \
  --argjson cores "$(grep -c ^processor /proc/cpuinfo)" "$folder/machine.json"
((failed)) && exit 1
proven "node_exporter: $(wc -l <"$folder/ours") samples, each as prometheus_client reads it"

serve client
for accept in text/plain 'application/openmetrics-text;version=1.0.0'; do
  curl -sL -H "Accept: $accept" "$url/metrics/" >"$folder/client.prom"
  holds "prometheus_client as $accept: no sample is lost" loses_nothing "$folder/client.prom" 30
done
((failed)) && exit 1
proven 'prometheus_client: hostile labels, exemplars, info and states in both formats, none lost'

for library in starlette-prometheus instrumentator; do
  serve $library
  # After the first scrapes and before the last, also where the machine is busy.
  (sleep 1.5; requests 1 40) &
  driven=$!
  "$obs" metrics "$url" --window 5s -o json >"$folder/signals.json"
  wait $driven
  curl -s "$url/metrics" >"$folder/page.prom"
  holds "$library: no sample is lost" loses_nothing "$folder/page.prom" 50
  holds "$library: rate and errors of what was asked" jq -e '.complete and (.pages[0].signals
    | .requests == 40 and .errors == 4 and .excluded.requests > 0 and .rows[0].name == "GET /items/{item}")' "$folder/signals.json"
  holds "$library: durations" jq -e '.pages[0].signals.quantiles | length == 3' "$folder/signals.json"
  ((failed)) && { cat "$folder/signals.json"; exit 1; }
  proven "$library: 40 requests, 4 failures and their durations by route, over two scrapes"
done

# Which of the workers of one socket is met is the kernel's choice, and on an idle machine always the same: nginx takes turns.
commands nginx -- nginx-light
serve starlette-prometheus
first=$url
serve starlette-prometheus
port=$(free_port)
cat >"$folder/nginx.conf" <<NGINX
daemon off; master_process off; pid $folder/nginx.pid; error_log $folder/nginx.log;
events {}
http {
  access_log off; client_body_temp_path $folder; proxy_temp_path $folder; fastcgi_temp_path $folder;
  uwsgi_temp_path $folder; scgi_temp_path $folder;
  upstream workers { server ${first#http://}; server ${url#http://}; }
  server { listen 127.0.0.1:$port; location / { proxy_pass http://workers; } }
}
NGINX
nginx -c "$folder/nginx.conf" 2>"$folder/nginx.err" &
started+=($!)
url=http://127.0.0.1:$port
answers "$url/who"
requests 1 60
code=0
"$obs" metrics "$url" --window 1s -o json >"$folder/workers.json" || code=$?
holds 'two workers: exit code 3' [ $code = 3 ]
holds 'two workers are found out' jq -e '.complete == false and .pages[0].workers.at_least == 2' "$folder/workers.json"
"$obs" metrics "$url" --window 1s >"$folder/workers.txt" || true
holds 'two workers: what to set is said' grep -q PROMETHEUS_MULTIPROC_DIR "$folder/workers.txt"
((failed)) && exit 1
proven 'two workers behind one address: found out over fresh connections, with the variables to set'
