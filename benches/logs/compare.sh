#!/usr/bin/env bash
# Compares `obs logs FILE` with rg, wc and tail on generated logs, in one run: wall and CPU seconds, peak
# memory, ratios, and whether each answer is right (truth.json).
#
#     benches/logs/compare.sh [BYTES] [SEED]      67108864 and 1 unless given
#
# OBS is the program (default target/release/obs). Answers go to /dev/null when measured; rg gets -N because
# it must not count lines. With hyperfine the wall time is its median, else that of the best of five. Indexes
# are kept in the folder that is removed at the end; only the last row uses one.
set -euo pipefail
cd "$(dirname "$0")/../.."
bytes=${1:-67108864} seed=${2:-1}
obs=${OBS:-target/release/obs}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v rg >/dev/null || { echo "rg (ripgrep) is needed" >&2; exit 1; }
rustc -O benches/logs/generate.rs -o "$work/generate" 2>/dev/null
"$work/generate" "$work/logs" "$bytes" 1 "$seed"
file=$work/logs/app.log
fact() { grep -o "\"$1\":[0-9]*" "$work/logs/truth.json" | sed 's/.*://'; }
export XDG_CACHE_HOME=$work/cache
text_fact() { grep -o "\"$1\":\"[^\"]*" "$work/logs/truth.json" | sed 's/^[^:]*:"//'; }
id=$(text_fact id) since=$(text_fact window_since) until=$(text_fact window_until)

# Prints "wall cpu rss_mib" of a command line.
measure() {
  local line="$1 >/dev/null 2>&1 || [ \$? -le 1 ]" wall cpu=999 rss=0 seen
  for _ in 1 2 3 4 5; do
    env TIMEFORMAT='%R %U %S' bash -c "time { $line; }" 2>"$work/time"
    seen=$(awk '{printf "%.3f %.3f", $1, $2 + $3}' "$work/time")
    wall=$(awk -v a="${wall:-999}" -v b="${seen% *}" 'BEGIN {print a < b ? a : b}')
    cpu=$(awk -v a="$cpu" -v b="${seen#* }" 'BEGIN {print a < b ? a : b}')
  done
  if command -v hyperfine >/dev/null; then
    hyperfine --warmup 1 --runs 5 --export-csv "$work/fine.csv" "$line" >/dev/null 2>&1
    wall=$(awk -F, 'NR == 2 {printf "%.4f", $4}' "$work/fine.csv")
  fi
  if [ -x /usr/bin/time ]; then
    rss=$(bash -c "/usr/bin/time -f %M $1 2>&1 >/dev/null" | tail -n 1 | awk '{printf "%d", $1 / 1024}')
  fi
  echo "$wall $cpu $rss"
}

# Measures obs and a yardstick, and says whether the count of records is the expected one.
row() {
  local name=$1 ours=$2 theirs=$3 expected=$4 found=$5 a b
  read -ra a <<<"$(measure "$ours")"
  read -ra b <<<"$(measure "$theirs")"
  awk -v name="$name" -v aw="${a[0]}" -v ac="${a[1]}" -v ar="${a[2]}" -v bw="${b[0]}" -v bc="${b[1]}" \
    -v right="$([ "$expected" = "$found" ] && echo right || echo "WRONG: $found, not $expected")" 'BEGIN {
    printf "%-22s wall %7.3f cpu %7.3f rss %4d MiB | yardstick wall %7.3f cpu %7.3f | wall x%.2f cpu x%.2f | %s\n",
      name, aw, ac, ar, bw, bc, aw / (bw > 0 ? bw : 0.001), ac / (bc > 0 ? bc : 0.001), right }'
  [ "$expected" = "$found" ] || failed=1
}

failed=0
echo "$bytes bytes, seed $seed; the yardstick is rg, but wc -l for all records and tail for the last 100"
row "one request id" "$obs logs $file --request-id $id --no-index" "rg -N -F $id $file" \
  "$(fact target_lines)" "$("$obs" logs "$file" --request-id "$id" --no-index 2>/dev/null | wc -l)"
row "errors of 10 minutes" "$obs logs $file --level error --since $since --until $until" \
  "rg -N '\"level\": ?\"(error|critical|fatal)\"' $file" "$(fact errors_in_window)" \
  "$("$obs" logs "$file" --level error --since "$since" --until "$until" 2>/dev/null | grep -c '^20')"
row "all records" "$obs logs $file" "wc -l $file" \
  "$(grep -c -v -E '^  |^Traceback|^ConnectionResetError' "$file")" \
  "$("$obs" logs "$file" 2>/dev/null | grep -c -v '^    ')"
row "the last 100" "$obs logs $file --limit 100" "tail -n 100 $file" \
  100 "$("$obs" logs "$file" --limit 100 2>/dev/null | grep -c -v '^    ')"
printf '#!/bin/sh\nrm -rf "$XDG_CACHE_HOME"\nexec "%s" logs index "%s"\n' "$(realpath "$obs")" "$file" >"$work/make"
chmod +x "$work/make"
read -ra made <<<"$(measure "$work/make")"
stored=$(cat "$XDG_CACHE_HOME"/obs/logs/*.index | wc -c)
awk -v wall="${made[0]}" -v cpu="${made[1]}" -v stored="$stored" -v rss="${made[2]}" \
  -v bytes="$(stat -c %s "$file")" 'BEGIN {
  printf "its index: made in %.2f s with %d MiB, %.2f s of CPU a GiB; %.2f %% of the file\n",
    wall, rss, cpu * 1073741824 / bytes, stored * 100 / bytes }'
row "one id, by the index" "$obs logs $file --request-id $id" "rg -N -F $id $file" \
  "$(fact target_lines)" "$("$obs" logs "$file" --request-id "$id" 2>/dev/null | wc -l)"
exit "$failed"
