#!/usr/bin/env bash
# A page of metrics of 100,000 series, about 10 MB: read and grouped, and prometheus-parse alone on the same page in the
# same process. Prints each number beside its bound; fails only when something does not run, or a sample is lost.
#
# Usage: benches/metrics/run.sh; MEASURE is the built benches/metrics/measure.rs where there is one
set -euo pipefail
cd "$(dirname "$0")/../.."
measure=${MEASURE:-$(cargo build --release --bench metrics --message-format=json 2>/dev/null |
  sed -n '/"name":"metrics"/s/.*"executable":"\([^"]*\)".*/\1/p')}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for series in 1000 10000 100000; do
  "$measure" generate "$series" "$folder/page.prom"
  "$measure" read "$folder/page.prom"
done
