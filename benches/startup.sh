#!/usr/bin/env bash
# Start-up of `obs --version` beside `jq --version`, and the demo's first answer and whole run, in one go.
# Needs jq and hyperfine (Debian packages of those names). Usage: benches/startup.sh [PATH OF obs]
set -euo pipefail
obs=${1:-target/release/obs}
results=$(mktemp)
trap 'rm -f "$results"' EXIT

hyperfine --shell=none --warmup 20 --runs 300 --style basic --export-json "$results" \
  "$obs --version" 'jq --version' >/dev/null
jq -r '.results | "start-up (median of 300): obs \(.[0].median * 1e3 * 100 | round / 100) ms, jq \(.[1].median * 1e3 * 100 | round / 100) ms, ratio \(.[0].median / .[1].median * 100 | round / 100) (at most 1.8)"' "$results"

# The first answer is the first line after the first command's prompt.
started=$(date +%s%N)
first=
while IFS= read -r line; do
  if [ -z "$first" ] && [ -n "${prompt:-}" ] && [ -n "$line" ]; then first=$(date +%s%N); fi
  case $line in '$ obs '*) prompt=seen ;; esac
done < <("$obs" demo --once --port 0)
ended=$(date +%s%N)
echo "demo --once: first answer after $(((first - started) / 1000000)) ms (at most 5000), all of it after $(((ended - started) / 1000000)) ms (at most 15000)"
