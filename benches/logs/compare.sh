#!/usr/bin/env bash
# Compares `obs logs` with other tools on generated logs, and prints a table for docs/BENCHMARKS.md.
#
#   benches/logs/compare.sh [BYTES] [SEED]     64 MiB and 1 unless given; 1 GiB is what the bounds are for
#
# OBS is the program (default target/release/obs), RUNS how often each is run (default 5), TMPDIR where the
# logs are written: BYTES, and three times that with the rotated set. Installs nothing: without rg it ends,
# without gzip, zstd, jq, lnav, agrind, jaq or fblog their rows are left out and said to be.
#
# Each program and its yardstick run in turn, output to /dev/null, the logs in the page cache; CPU is user and
# system time of the best run, wall time that of the best or, with hyperfine, the median. On a machine that
# does other work only CPU and its ratios mean something. Every answer is held against what the generator
# knows; a wrong one ends in exit code 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
bytes=${1:-67108864} seed=${2:-1} runs=${RUNS:-5}
obs=$(realpath "${OBS:-target/release/obs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
has() { command -v "$1" >/dev/null; }
has rg || { echo "rg (ripgrep) is needed" >&2; exit 1; }
rustc -O benches/logs/generate.rs -o "$work/generate" 2>/dev/null
"$work/generate" "$work/one" "$bytes" 1 "$seed"
"$work/generate" "$work/eight" "$bytes" 8 "$seed"
export XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state
file=$work/one/app.log
fact() { sed -E "s/.*\"$2\":\"?([^\",}]*).*/\1/" "$work/$1/truth.json"; }
id=$(fact one id) since=$(fact one window_since) until=$(fact one window_until)

# Runs a command line once; prints its wall and CPU time in seconds. What it answers is held elsewhere.
once() {
  { env TIMEFORMAT='%R %U %S' bash -c "time { $1; } >/dev/null 2>&1" 2>&1 || true; } | awk '{printf "%.3f %.3f\n", $1, $2 + $3}'
}

# Prints the least of two columns of numbers.
least() { awk 'NR == 1 {w = $1; c = $2} {if ($1 < w) w = $1; if ($2 < c) c = $2} END {print w, c}'; }

# Prints the peak memory of a simple command in MiB, or - where it cannot be measured.
memory() {
  [ -x /usr/bin/time ] || { echo -; return; }
  # shellcheck disable=SC2086 # a command line, in words
  { /usr/bin/time -f %M $1 >/dev/null 2>"$work/memory"; } || true
  tail -n 1 "$work/memory" | awk '{printf "%d\n", $1 / 1024}'
}

median() {
  hyperfine -N -i --warmup 1 --runs "$runs" --export-csv "$work/fine.csv" "$1" >/dev/null 2>&1
  awk -F, 'NR == 2 {printf "%.3f\n", $4}' "$work/fine.csv"
}

# row NAME OURS THEIRS BOUND EXPECTED FOUND: measures both in turn and writes a row.
row() {
  local ours theirs
  : >"$work/ours"; : >"$work/theirs"
  for _ in $(seq "$runs"); do
    once "$2" >>"$work/ours"
    once "$3" >>"$work/theirs"
  done
  read -ra ours <<<"$(least <"$work/ours")"
  read -ra theirs <<<"$(least <"$work/theirs")"
  if has hyperfine; then
    ours[0]=$(median "$2")
    theirs[0]=$(median "$3")
  fi
  local right="right"
  [ "$5" = "$6" ] || { right="WRONG: $6, not $5"; failed=1; }
  awk -v name="$1" -v bound="$4" -v right="$right" -v memory="$(memory "$2")" \
    -v ow="${ours[0]}" -v oc="${ours[1]}" -v tw="${theirs[0]}" -v tc="${theirs[1]}" 'BEGIN {
    printf "| %s | %.3f s, %.3f s, %s MiB | %.3f s, %.3f s | %.2f | %.2f | %s | %s |\n",
      name, ow, oc, memory, tw, tc, ow / (tw > 0 ? tw : 0.001), oc / (tc > 0 ? tc : 0.001), bound, right }'
}

# peer PROGRAM COMMAND: how another tool finds the request's lines, where it is installed.
peer() {
  has "$1" || { echo "$1 is not installed: left out" >&2; return 0; }
  read -ra cost <<<"$(once "$2")"
  echo "| $1 | ${cost[0]} s, ${cost[1]} s | $({ bash -c "$2" 2>/dev/null || true; } | { grep -c . || true; }) of $(fact one target_lines) lines |"
}

failed=0
logs() { "$obs" logs "$@" 2>/dev/null; }
records() { grep -c -v '^    ' || true; }
echo "$bytes bytes, seed $seed, load $(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo '?')"
echo
echo "| work | \`obs logs\`: wall, CPU, memory | yardstick: wall, CPU | wall ratio | CPU ratio | bound | answer |"
echo "|---|---|---|---|---|---|---|"
row "nothing but reading (\`cat\` to \`rg -F\`)" "cat $file" "rg -N -F $id $file" "the floor" 0 0
row "one request id, to \`rg -F\`" "$obs logs $file --request-id $id --no-index" "rg -N -F $id $file" "0.7 wall, 1.1 CPU" \
  "$(fact one target_lines)" "$(logs "$file" --request-id "$id" --no-index | wc -l)"
row "errors of 10 minutes, to \`rg REGEX\`" "$obs logs $file --level error --since $since --until $until" \
  "rg -N '\"level\": ?\"(error|critical|fatal)\"' $file" 0.15 "$(fact one errors_in_window)" \
  "$(logs "$file" --level error --since "$since" --until "$until" | records)"
if "$obs" logs --help | grep -q -e '--stats'; then
  row "count by status, to \`rg -o REGEX\`" "$obs logs $file --stats status" "rg -o '\"status\":\s*\d+' $file" 1.0 \
    "$(grep -c -E '"status": [0-9]+.*\}$' "$file")" \
    "$(logs "$file" --stats status -o json | grep -m 1 -o '"with": *[0-9]*' | grep -o '[0-9]*$')"
else
  echo "count by status is left out: this obs has no --stats" >&2
fi
row "all records, to \`wc -l\`" "$obs logs $file" "wc -l $file" "12 CPU" \
  "$(grep -c -v -E '^  |^Traceback|^ConnectionResetError' "$file")" "$(logs "$file" | records)"
row "the last 100, to \`tail -n 100\`" "$obs logs $file --limit 100" "tail -n 100 $file" 3 \
  100 "$(logs "$file" --limit 100 | records)"
if has gzip && has zstd; then
  gzip "$work"/eight/app.log.[567]
  zstd -q --rm "$work"/eight/app.log.[234]
  set=$(ls "$work"/eight/app.log*)
  # shellcheck disable=SC2086 # names without blanks
  row "one request id of 8 files, 6 compressed, to \`rg -z\`" "$obs logs ${set//$'\n'/ } --request-id $(fact eight id)" \
    "rg -z -N -F $(fact eight id) ${set//$'\n'/ }" 0.6 "$(fact eight target_lines)" \
    "$(logs $set --request-id "$(fact eight id)" | wc -l)"
else
  echo "the rotated set is left out: gzip and zstd are needed" >&2
fi
if "$obs" logs --help | grep -q -e '--no-index'; then
  read -ra made <<<"$(once "$obs logs index $file")"
  # That of the one file is the largest.
  stored=$(stat -c %s "$XDG_CACHE_HOME"/obs/logs/*.index | sort -n | tail -n 1)
  row "one request id with its index, to \`rg -F\`" "$obs logs $file --request-id $id" "rg -N -F $id $file" "20 ms" \
    "$(fact one target_lines)" "$(logs "$file" --request-id "$id" | wc -l)"
  awk -v wall="${made[0]}" -v cpu="${made[1]}" -v stored="$stored" -v bytes="$(stat -c %s "$file")" 'BEGIN {
    printf "\nThe index was made in %.2f s, %.2f s of CPU a GiB, and is %.2f %% of the file.\n",
      wall, cpu * 1073741824 / bytes, stored * 100 / bytes }'
fi
echo
echo "| other tool, one request id | wall, CPU | found |"
echo "|---|---|---|"
peer jq "jq -c -R 'fromjson? | select(.request_id == \"$id\")' $file"
peer jaq "jaq -c -R 'fromjson? | select(.request_id == \"$id\")' $file"
peer agrind "agrind '\"$id\" | json | where request_id == \"$id\"' <$file"
peer fblog "fblog -f 'request_id == \"$id\"' $file"
peer lnav "lnav -n -c ':filter-in $id' $file"
exit "$failed"
