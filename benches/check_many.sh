#!/usr/bin/env bash
# How long `obs check` takes of many things at once: 100 pages that answer after 200 ms, beside the slowest of them; and ten
# warm dependencies of this machine (PostgreSQL, MariaDB, two each of Redis, memcached, NATS and MQTT). Prints, fails only when
# something does not answer. Needs jq, python3 and the servers' Debian packages, which it installs (as root) where they lack.
# Usage: benches/check_many.sh [PATH OF obs]
set -euo pipefail
cd "$(dirname "$0")/.."
obs=$(realpath "${1:-target/release/obs}")
. tests/live/installed.bash
commands redis-server memcached mariadbd mariadb-install-db nats-server mosquitto jq -- \
  redis-server memcached mariadb-server nats-server mosquitto jq
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || debian postgresql
postgres=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
folder=$(mktemp -d)
chmod 755 "$folder"
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
row() { printf '[[check]]\nid = "%s"\nkind = "%s"\ntarget = "%s"\n' "$@" >>"$folder/obs.toml"; }
# Prints the median of 11 runs, all of which must be well.
measured() { # words
  for _ in $(seq 11); do
    started=$(date +%s%N)
    (cd "$folder" && HOME=$folder "$obs" check --no-baseline --quiet -o json >one.json) || { jq -c '.checks[] | select(.status != "ok")' "$folder/one.json"; exit 1; }
    jq --argjson wall "$((($(date +%s%N) - started) / 1000))" '{all: .duration_ms, slowest: ([.checks[].duration_ms] | max), wall: ($wall / 1000)}' "$folder/one.json"
  done | jq -rs --arg words "$1" '
    def median: sort | .[length / 2 | floor]; def shown: . * 100 | round / 100;
    (map(.all) | median) as $all | (map(.slowest) | median) as $slowest | (map(.wall) | median) as $wall |
    "\($words): all \($all | shown) ms, slowest \($slowest | shown) ms, ratio \($all / $slowest | shown); whole process \($wall | shown) ms"'
}

python3 - "$folder/port" <<'PYTHON' & pids+=($!)
import asyncio, sys
async def answer(reader, writer):
    while await reader.readline() not in (b"\r\n", b""):
        pass
    await asyncio.sleep(0.2)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    open(sys.argv[1], "w").write(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()
asyncio.run(main())
PYTHON
until [ -s "$folder/port" ]; do sleep 0.05; done
for number in $(seq 100); do row "page-$number" http "http://127.0.0.1:$(cat "$folder/port")/healthz?$number"; done
measured 'check of 100 pages that answer after 200 ms (ratio at most 1.2)'

rm "$folder/obs.toml"
install -d -o postgres "$folder/pg"
echo secret >"$folder/pg.password"
as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
"${as_postgres[@]}" "$postgres/initdb" -D "$folder/pg/data" -A scram-sha-256 --pwfile "$folder/pg.password" --no-sync -U postgres >"$folder/initdb.log" 2>&1
port=$(free_port)
"${as_postgres[@]}" "$postgres/postgres" -D "$folder/pg/data" -h 127.0.0.1 -p "$port" -k "$folder/pg" -c fsync=off >"$folder/pg.log" 2>&1 & pids+=($!)
row postgres postgres "postgres://postgres:secret@127.0.0.1:$port/postgres"
mkdir "$folder/mysql" && chown mysql "$folder/mysql"
mariadb-install-db --no-defaults --user=mysql --auth-root-authentication-method=normal --datadir="$folder/mysql" >"$folder/install.log" 2>&1
port=$(free_port)
mariadbd --no-defaults --user=mysql --datadir="$folder/mysql" --bind-address=127.0.0.1 --port="$port" --socket="$folder/mysql/socket" >"$folder/mysql.log" 2>&1 & pids+=($!)
row mariadb mysql "mysql://root@127.0.0.1:$port/"
for number in 1 2; do
  port=$(free_port); redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$folder" >"$folder/redis.log" 2>&1 & pids+=($!)
  row "redis-$number" redis "redis://127.0.0.1:$port"
  port=$(free_port); memcached -u nobody -l 127.0.0.1 -p "$port" -U 0 >"$folder/memcached.log" 2>&1 & pids+=($!)
  row "memcached-$number" memcached "memcached://127.0.0.1:$port"
  port=$(free_port); nats-server -a 127.0.0.1 -p "$port" >"$folder/nats.log" 2>&1 & pids+=($!)
  row "nats-$number" nats "nats://127.0.0.1:$port"
  port=$(free_port); printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >"$folder/mosquitto-$number.conf"
  mosquitto -c "$folder/mosquitto-$number.conf" >"$folder/mosquitto.log" 2>&1 & pids+=($!)
  row "mqtt-$number" mqtt "mqtt://127.0.0.1:$port"
done
(cd "$folder" && HOME=$folder "$obs" check --quiet --wait 30s -o short >&2) || true
measured 'check of ten warm dependencies (at most 150 ms)'
