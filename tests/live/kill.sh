#!/usr/bin/env bash
# SIGKILL in the middle of ingest, 100 times over one store: every span, event and line that was acknowledged is in it,
# and it stays sound. Then SIGTERM in the middle of ingest: the backend drains, and nothing acknowledged is lost either.
# ROUNDS=10 shortens it.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
rounds=${ROUNDS:-100}
folder=$(mktemp -d)
store=$folder/store.sqlite
backend=
senders=()
trap '[ -z "$backend" ] || kill -9 "$backend" 2>/dev/null || true; rm -rf "$folder"' EXIT

# write_requests KIND URL ROUND: 400 requests of one thing each, for one curl over one connection. It says of each which
# thing it was and how it was answered, as soon as it is.
write_requests() {
  awk -v kind="$1" -v url="$2" -v round="$3" 'BEGIN {
    quote = "\\\""
    for (n = 1; n <= 400; n++) {
      if (kind == "span") {
        path = "/v1/traces"; type = "application/json"; id = sprintf("%08x%08x", round, n)
        data = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"" id id "\",\"spanId\":\"" id "\",\"name\":\"GET /\",\"startTimeUnixNano\":\"1795329000000000000\",\"endTimeUnixNano\":\"1795329000000000001\"}]}]}]}"
      } else if (kind == "event") {
        path = "/api/1/store/"; type = "application/json"; id = sprintf("%016x%016x", round, n)
        data = "{\"event_id\":\"" id "\",\"message\":\"it failed\"}"
      } else {
        path = "/logs"; type = "application/x-ndjson"; id = "req_" round "_" n
        data = "{\"level\":\"info\",\"message\":\"line\",\"request_id\":\"" id "\"}"
      }
      gsub(/"/, quote, data)
      if (n > 1) print "next"
      print "url = \"" url path "\""
      print "header = \"content-type: " type "\""
      print "data-binary = \"" data "\""
      print "output = \"/dev/null\""
      print "write-out = \"%{http_code} " id "\\n\""
    }
  }'
}

start() {
  rm -f "$folder/ready.json"
  HOME=$folder "$obs" serve --port 0 --store "$store" --ready-file "$folder/ready.json" --quiet &
  backend=$!
  for _ in $(seq 400); do [ -f "$folder/ready.json" ] && break; sleep 0.01; done
  url=$(jq -r .url "$folder/ready.json")
}

# ingest ROUND SIGNAL: three senders at once, and in the middle of it the signal.
ingest() {
  start
  senders=()
  for kind in span event line; do
    write_requests "$kind" "$url" "$1" >"$folder/$kind.curl"
    # A connection that is cut in an answer is what this is about.
    { curl --silent --config "$folder/$kind.curl" >>"$folder/$kind.answers" || true; } &
    senders+=($!)
  done
  # Between 50 and 250 ms after the start, never at the same place.
  sleep "0.$(printf '%03d' $((50 + RANDOM % 200)))"
  kill "-$2" "$backend"
  local code=0
  wait "$backend" 2>/dev/null || code=$?
  backend=
  wait "${senders[@]}"
  [ "$2" = KILL ] || [ "$code" = 0 ] || { echo "it ended with $code"; exit 1; }
}

# Every thing that was answered with 200 is in the table; prints how many were.
lost() {
  awk '$1 == 200 { print $2 }' "$folder/$1.answers" | sort -u >"$folder/$1.acknowledged"
  sqlite3 "$store" "select $3 from $2" | sort -u >"$folder/$1.stored"
  comm -23 "$folder/$1.acknowledged" "$folder/$1.stored" >"$folder/$1.lost"
  if [ -s "$folder/$1.lost" ]; then
    echo "lost: $(wc -l <"$folder/$1.lost") of $2, the first is $(head -1 "$folder/$1.lost")"
    exit 1
  fi
  echo "$(wc -l <"$folder/$1.acknowledged") acknowledged, none lost: $2"
}

check() {
  lost span spans span_id
  lost event events event_id
  lost line logs request_key
  [ "$(sqlite3 "$store" 'pragma integrity_check')" = ok ]
}

for round in $(seq "$rounds"); do ingest "$round" KILL; done
check
# The rounds met the backend at work: they would prove nothing else.
for kind in span event line; do
  [ "$(wc -l <"$folder/$kind.acknowledged")" -gt "$rounds" ] || { echo "hardly a $kind was taken"; exit 1; }
done
for round in $(seq $((rounds + 1)) $((rounds + 5))); do ingest "$round" TERM; done
check
echo "$rounds times kill -9 and 5 times SIGTERM in the middle of ingest: nothing that was acknowledged is lost"
