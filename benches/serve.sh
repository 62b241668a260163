#!/usr/bin/env bash
# The backend under load: spans and events per CPU-second to disk, how long an acknowledgement takes, a trace by its id
# among 10 k, 100 k and 1 M spans, memory when idle. A second process sends (benches/load.rs). Prints each number beside
# its bound; fails only when something does not run. Needs jq.
#
# Usage: benches/serve.sh [OBS]; SPANS=100000 shortens it
set -euo pipefail
cd "$(dirname "$0")/.."
obs=${1:-target/release/obs}
spans=${SPANS:-1000000}
folder=$(mktemp -d)
backend=
trap '[ -z "$backend" ] || kill "$backend" 2>/dev/null || true; rm -rf "$folder"' EXIT
load=${LOAD:-$(cargo build --release --bench load --message-format=json 2>/dev/null |
  jq -r 'select(.reason == "compiler-artifact" and .target.name == "load").executable')}

HOME=$folder "$obs" serve --port 0 --store "$folder/store.sqlite" --ready-file "$folder/ready.json" --quiet &
backend=$!
for _ in $(seq 200); do [ -f "$folder/ready.json" ] && break; sleep 0.05; done
url=$(jq -r .url "$folder/ready.json")

ticks=$(getconf CLK_TCK)
# User and system time of the backend in seconds: the 14th and 15th word of its line (proc(5)).
cpu() { awk -v ticks="$ticks" '{ sub(/^.*\) /, ""); printf "%.2f", ($12 + $13) / ticks }' "/proc/$backend/stat"; }
rss() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$backend/status"; }
ms() { printf '%.2f' "$1"; }
# per NUMBER BEFORE AFTER: how many a CPU-second.
per() { awk -v n="$1" -v a="$2" -v b="$3" 'BEGIN { printf "%d", n / (b - a > 0 ? b - a : 0.01) }'; }

echo "idle: $(rss) MiB resident (at most 40)"
stored=0
for upto in 10000 100000 1000000; do
  ((upto <= spans)) || continue
  before=$(cpu)
  seen=$("$load" spans --url "$url" --from "$stored" --count $((upto - stored)))
  after=$(cpu)
  echo "spans $stored to $upto: $(per $((upto - stored)) "$before" "$after") a CPU-second (at least 35000)," \
    "$(jq -r '.sent / .seconds | round' <<<"$seen") a second, $(jq -r '.bytes / .sent | round' <<<"$seen") bytes each," \
    "acknowledged after $(ms "$(jq .p50_ms <<<"$seen")") ms at the median (at most 5), p99 $(ms "$(jq .p99_ms <<<"$seen")") ms"
  stored=$upto
  seen=$("$load" lookups --url "$url" --count "$stored")
  echo "a trace by id among $upto spans: median $(ms "$(jq .p50_ms <<<"$seen")") ms, p99 $(ms "$(jq .p99_ms <<<"$seen")") ms (at most 5)"
done
before=$(cpu)
"$load" spans --url "$url" --from "$stored" --count 102400 --connections 4 >"$folder/seen"
after=$(cpu)
echo "spans over 4 connections: $(per 102400 "$before" "$after") a CPU-second (at least 35000)," \
  "acknowledged after $(ms "$(jq .p50_ms "$folder/seen")") ms at the median"
before=$(cpu)
"$load" events --url "$url" --count 20000 --connections 4 >"$folder/seen"
after=$(cpu)
echo "events: $(per 20000 "$before" "$after") a CPU-second (at least 5000), $(jq -r '.bytes / .sent | round' "$folder/seen") bytes each"
echo "after the load: $(rss) MiB resident; the file has $(($(stat -c %s "$folder/store.sqlite") / 1048576)) MiB"
