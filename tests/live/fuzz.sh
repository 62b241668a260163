#!/usr/bin/env bash
# Each fuzz target for some seconds ($FUZZ_SECONDS, 10 by default), from the recorded payloads on. Coverage comes from
# LLVM's pass, which the stable compiler has; no sanitizer is needed where there is no unsafe code. Needs a C++ compiler
# for libFuzzer itself, and says so where there is none.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${FUZZ_SECONDS:-10}
if ! command -v c++ >/dev/null; then echo 'skipped: no C++ compiler for libFuzzer'; exit 0; fi

target=${FUZZ_TARGET_DIR:-$root/fuzz/target}
host=$(rustc -vV | sed -n 's/^host: //p')
flags='--cfg fuzzing -Cpasses=sancov-module'
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
# With --target the flags are for the program alone, not for build scripts.
RUSTFLAGS=$flags CARGO_TARGET_DIR=$target \
  cargo build --quiet --release --manifest-path "$root/fuzz/Cargo.toml" --target "$host"

fixtures=$root/tests/fixtures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seed() { # TARGET FILE...: copies files into the target's corpus, large ones cut
  local corpus=$work/$1 number=0
  mkdir -p "$corpus"
  shift
  for file in "$@"; do head -c 16384 "$file" >"$corpus/seed-$((number += 1))"; done
}
list() { find "$fixtures/$1" -type f -name "$2" | sort | head -40; }
# shellcheck disable=SC2046
{
  seed envelope $(list sentry '*')
  seed otlp_json $(list otlp '*.json')
  seed otlp_protobuf $(list otlp '*.pb') $(list otlp '*.bin')
  seed log_line $(list logs '*')
  seed answers $(list sources '*.json*')
  seed traces $(list traces '*.json') $(list traces '*.bin') $(list otlp '*_grpc.bin')
}
printf '[[{"traceId":"0af7651916cd43dd8448eb211c80319c","id":"b7ad6b7169203331","kind":"CLIENT","timestamp":2000,"duration":5,"localEndpoint":{"serviceName":"web"},"tags":{"error":""},"annotations":[{"timestamp":2002,"value":"\\"e\\":{\\"a\\":1}"}]}]]' >"$work/traces/seed-zipkin"
seed expression
printf 'status >= 500 and path ~ "^/api" and not user.id = 7' >"$work/expression/seed-1"
printf 'took > 500ms or (level in (warn, error) and exists(exception)) or time > 15m' >"$work/expression/seed-2"
seed loki
printf '{"streams":[{"stream":{"app":"web"},"values":[["1795329610466057087","hi",{"a":"b"}]]}]}' >"$work/loki/seed"
seed syslog
printf '<165>1 2003-10-11T22:14:15.003Z host app 7 ID47 [a@1 b="c\\"d"] text' >"$work/syslog/seed-1"
printf '<34>Oct 11 22:14:15 host su[12]: text' >"$work/syslog/seed-2"

for name in envelope otlp_json otlp_protobuf log_line expression loki syslog answers traces; do
  log=$work/$name.log
  if ! "$target/$host/release/$name" -max_total_time="$seconds" -max_len=16384 -rss_limit_mb=1024 -timeout=10 \
    -artifact_prefix="$work/$name-" "$work/$name" >"$log" 2>&1; then
    tail -40 "$log"
    base64 "$work/$name-"* 2>/dev/null | head -40
    exit 1
  fi
  echo "$name: $(grep -E '^Done ' "$log"), $(grep -Eo 'cov: [0-9]+' "$log" | tail -1)"
done
