#!/usr/bin/env bash
# Start-up of `obs` beside `jq --version`, and the demo's first answer and whole run, in one go. Prints the numbers and
# their bounds; fails only when something does not run. Needs jq and hyperfine (Debian packages of those names).
#
# Usage: benches/startup.sh [OBS [STATIC OBS]]
# The second is the release as it is shipped:
#   cargo rustc --profile dist --bin obs --target x86_64-unknown-linux-gnu -- \
#     -C relocation-model=static -C target-feature=+crt-static
set -euo pipefail
obs=${1:-target/release/obs}
static=${2:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for n in 1 2 3 4 5 6 7; do
  echo "{\"timestamp\":\"2026-11-22T06:30:0$n.000Z\",\"level\":\"info\",\"message\":\"order stored\",\"service\":\"orders-api\",\"order_id\":$n}"
done >"$folder/small.log"

commands=("$obs --version" "$obs logs $folder/small.log")
bounds=(1.8 3)
if [ -n "$static" ]; then
  commands+=("$static --version")
  bounds+=(1.0)
fi
for i in "${!commands[@]}"; do
  hyperfine --shell=none --warmup 20 --runs 300 --style none --export-json "$folder/$i.json" \
    "${commands[$i]}" 'jq --version' 2>/dev/null
  jq -r --arg command "${commands[$i]/$folder\//}" --arg bound "${bounds[$i]}" '
    def ms: . * 1e5 | round / 100;
    .results | "\($command): median \(.[0].median | ms) ms, jq --version \(.[1].median | ms) ms, ratio \(
      .[0].median / .[1].median * 100 | round / 100) (at most \($bound))"' "$folder/$i.json"
done

# The first answer is the first line after the first command's prompt.
started=$(date +%s%N)
"$obs" demo --once --port 0 >"$folder/demo" &
demo=$!
while ! grep -A1 -m1 '^\$ obs ' "$folder/demo" 2>/dev/null | tail -n +2 | grep -q .; do
  kill -0 "$demo" 2>/dev/null || break
  sleep 0.005
done
first=$(date +%s%N)
wait "$demo"
ended=$(date +%s%N)
echo "demo --once: first answer after $(((first - started) / 1000000)) ms (at most 5000), all of it after $(((ended - started) / 1000000)) ms (at most 15000)"
