#!/usr/bin/env bash
# A trace of 100,000 spans (OTLP JSON, about 60 MB) read, analysed and drawn by `obs trace --file`, the whole process;
# the same at 1,000 and 10,000 spans; each decoder's throughput; analysis and critical path alone. Prints each number
# beside its bound; fails only when something does not run. Needs GNU time (Debian package `time`).
#
# Usage: benches/trace/run.sh [OBS]; MEASURE is the built benches/trace/measure.rs where there is one
set -euo pipefail
cd "$(dirname "$0")/../.."
obs=$(realpath "${1:-target/release/obs}")
measure=${MEASURE:-$(cargo build --release --bench trace --message-format=json 2>/dev/null |
  sed -n '/"name":"trace"/s/.*"executable":"\([^"]*\)".*/\1/p')}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# once FILE OPTION...: wall and CPU time in seconds and peak memory in MiB of one run.
once() {
  env HOME="$folder" /usr/bin/time -f '%e %U %S %M' "$obs" trace --quiet --file "$@" 2>"$folder/time" >"$folder/out"
  tail -n 1 "$folder/time" | awk '{printf "%.2f %.2f %d\n", $1, $2 + $3, $4 / 1024}'
}
for spans in 1000 10000 100000; do
  "$measure" generate "$spans" "$folder/$spans.json"
  for format in human json; do
    bound=
    [ "$spans$format" = 100000human ] && bound=' (at most 1.0 s, 300 MiB)'
    for _ in 1 2 3 4 5; do once "$folder/$spans.json" -o "$format"; done | sort -n | head -n 1 |
      awk -v what="$spans spans, $(($(stat -c %s "$folder/$spans.json") / 1000000)) MB, $format" -v bound="$bound" \
        '{print what ": " $1 " s wall, " $2 " s CPU, " $3 " MiB" bound}'
  done
done
"$measure" decoders "$folder/100000.json"
"$measure" growth
"$measure" chain
