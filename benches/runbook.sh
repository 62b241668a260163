#!/usr/bin/env bash
# The runbook that is built in: read, searched, explained and rendered, the whole process each time.
# Needs jq and hyperfine (Debian packages of those names). Usage: benches/runbook.sh [PATH OF obs]
set -euo pipefail
obs=$(realpath "${1:-target/release/obs}")
results=$(mktemp) folder=$(mktemp -d)
trap 'rm -rf "$results" "$folder"' EXIT
# In an empty folder, so that no team's runbook is found.
cd "$folder"
hyperfine --shell=none --warmup 20 --runs 200 --style basic --export-json "$results" \
  "$obs runbook search pool" "$obs runbook access" \
  "$obs runbook explain 'r2d2::Error: timed out waiting for connection'" "$obs runbook" >/dev/null
jq -r '.results[] | "\(.command | sub("^[^ ]+/"; "")): \(.median * 1e3 * 100 | round / 100) ms (at most 10)"' "$results"
