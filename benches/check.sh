#!/usr/bin/env bash
# How long `obs check` of the running demo takes beyond the scrape interval, beside its slowest probe beyond it.
# Needs jq (Debian package of that name). Usage: benches/check.sh [PATH OF obs]
set -euo pipefail
obs=$(realpath "${1:-target/release/obs}")
home=$(mktemp -d)
cleanup() { [ -z "${demo:-}" ] || { kill -INT "$demo" && wait "$demo" || true; }; rm -rf "$home"; }
trap cleanup EXIT
cd "$home"
export HOME=$home
unset XDG_STATE_HOME XDG_CONFIG_HOME XDG_DATA_HOME OBS_URL OBS_CONFIG OBS_ENV

"$obs" demo --port 0 >"$home/demo.out" & demo=$!
until [ -s "$home/demo.out" ]; do sleep 0.05; done
for _ in $(seq 21); do
  started=$(date +%s%N)
  # Of a few requests of a second one may have failed: that is not known to be bad, and code 3.
  "$obs" check --quiet -o json >"$home/one.json" || case $? in 1 | 3) ;; *) exit 1 ;; esac
  ended=$(date +%s%N)
  # Of a probe that scrapes twice the interval is subtracted; what is left are its two requests and its timer.
  jq --argjson wall "$(((ended - started) / 1000))" '
    def beyond: .duration_ms - (if .kind == "metrics" then 1000 else 0 end);
    { slowest: ([.checks[] | beyond] | max),
      all: (.duration_ms - 1000), wall: ($wall / 1000 - 1000) }' "$home/one.json"
done | jq -rs '
  def median: sort | .[length / 2 | floor];
  def shown: . * 100 | round / 100;
  (map(.slowest) | median) as $slowest | (map(.all) | median) as $all | (map(.wall) | median) as $wall |
  "check (median of \(length)), beyond the scrape interval of 1 s: slowest probe \($slowest | shown) ms, all checks \($all | shown) ms, ratio \($all / $slowest | shown) (at most 1.3); whole process \($wall | shown) ms"'
