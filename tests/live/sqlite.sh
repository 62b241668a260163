#!/usr/bin/env bash
# The store is one file that `sqlite3` opens while it is being written: what was acknowledged is in it, and a backend
# killed with SIGKILL has lost none of it.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
folder=$(mktemp -d)
trap 'kill -9 "$backend" 2>/dev/null || true; rm -rf "$folder"' EXIT

HOME=$folder "$obs" serve --port 0 --store "$folder/store.sqlite" --ready-file "$folder/ready.json" --quiet &
backend=$!
for _ in $(seq 200); do [ -f "$folder/ready.json" ] && break; sleep 0.05; done
url=$(jq -r .url "$folder/ready.json")

for n in $(seq 50); do
  curl -fsS -X POST --data "{\"level\":\"info\",\"message\":\"line $n\",\"request_id\":\"req_$n\"}" "$url/logs" >/dev/null
done
[ "$(sqlite3 "$folder/store.sqlite" 'select count(*) from logs')" = 50 ]

kill -9 "$backend"
wait "$backend" 2>/dev/null || true
[ "$(sqlite3 "$folder/store.sqlite" 'select count(*) from logs')" = 50 ]
[ "$(sqlite3 "$folder/store.sqlite" 'pragma integrity_check')" = ok ]
echo 'sqlite3 reads all 50 acknowledged lines, before and after kill -9'
