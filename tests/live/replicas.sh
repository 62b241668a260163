#!/usr/bin/env bash
# Real copies of databases, in step and left behind, and sessions that wait for each other: PostgreSQL, Redis, MariaDB.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
. tests/live/installed.bash
folder=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null || true; kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
chmod 755 "$folder"

commands redis-server mariadbd mariadb-install-db jq -- redis-server mariadb-server jq
if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then debian postgresql; fi
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { # command
  for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
  echo "does not come: $*"; tail -n 20 "$folder"/*.log; exit 1
}
target() { # kind, address, further keys
  printf '[[check]]\nid = "it"\nkind = "%s"\ntarget = "%s"\n%s\n' "$1" "$2" "${3:-}" >"$folder/obs.toml"
}
finds() { # expression on the one check
  (cd "$folder" && HOME=$folder "$obs" check it -o json >answer.json 2>notes) || true
  jq -e ".checks[] | select(.id == \"it\") | $1" "$folder/answer.json"
}
is() { # words, expression on the one check; copies need a moment to notice
  for _ in $(seq 100); do
    if finds "$2" >/dev/null; then
      printf '%s: %s\n' "$1" "$(jq -r '.checks[0] | "\(.status) \(.message)"' "$folder/answer.json")"
      return
    fi
    sleep 0.1
  done
  echo "not so: $1"; jq -c '.checks[] | [.status, .reason, .code, .message]' "$folder/answer.json"; exit 1
}

# --- PostgreSQL
as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
install -d -o postgres "$folder/pg"
"${as_postgres[@]}" "$bin/initdb" -D "$folder/pg/data" -A trust --no-sync -U postgres >"$folder/initdb.log" 2>&1
primary=$(free_port) copy=$(free_port)
start_postgres() { # data, port, process's name
  "${as_postgres[@]}" "$bin/postgres" -D "$1" -h 127.0.0.1 -p "$2" -k "$folder/pg" -c fsync=off -c wal_retrieve_retry_interval=100ms >>"$folder/postgres-$2.log" 2>&1 &
  pids+=($!); printf -v "$3" %s $!
  answers "$bin/pg_isready" -q -h 127.0.0.1 -p "$2"
}
sql() { "$bin/psql" -qAt -h 127.0.0.1 -p "$1" -U postgres -d postgres -c "$2"; }
start_postgres "$folder/pg/data" "$primary" primary_process
"${as_postgres[@]}" "$bin/pg_basebackup" -h 127.0.0.1 -p "$primary" -U postgres -D "$folder/pg/copy" -R -X stream -c fast >"$folder/basebackup.log" 2>&1
start_postgres "$folder/pg/copy" "$copy" copy_process
target postgres "postgres://postgres@127.0.0.1:$primary/postgres"
is 'postgres: a primary counts its copies' '.status == "ok" and (.message | test(" primary, .*1 replica$"))'
sql "$primary" 'CREATE TABLE stock (id int PRIMARY KEY, held int); INSERT INTO stock VALUES (1, 5)'
target postgres "postgres://postgres@127.0.0.1:$copy/postgres"
is 'postgres: a copy in step' '.status == "ok" and (.message | test(" replica, "))'
sql "$copy" 'SELECT pg_wal_replay_pause()' >/dev/null
sql "$primary" 'INSERT INTO stock VALUES (2, 5)'
target postgres "postgres://postgres@127.0.0.1:$copy/postgres" 'warn = ["lag > 10ms"]
fail = []'
is 'postgres: a copy that does not replay what it receives lags' '.status == "warn" and .reason == "lagging" and (.observed | any(.name == "lag_ms" and .value > 10))'
sql "$copy" 'SELECT pg_wal_replay_resume()' >/dev/null
is 'postgres: and is in step again' '.status == "ok"'
target postgres "postgres://postgres@127.0.0.1:$copy/postgres?target_session_attrs=read-write"
is 'postgres: a copy where writes are wanted' '.status == "fail" and .reason == "read_only"'

# One holds the row, another waits for it, both in transactions of their own.
holds_row() { sql "$primary" "BEGIN; UPDATE stock SET held = held - 1 WHERE id = 1; SELECT pg_sleep(300)" >/dev/null 2>&1 & pids+=($!); }
holds_row
holds_row
target postgres "postgres://postgres@127.0.0.1:$primary/postgres"
is 'postgres: a session that waits for a lock' '.status == "warn" and .reason == "slow" and (.message | test("1 waiting for a lock"))'
target postgres "postgres://postgres@127.0.0.1:$primary/postgres" 'warn = ["transaction > 50ms"]
fail = []'
is 'postgres: a long transaction' '.status == "warn" and (.message | test("transaction > 50ms"))'
sql "$primary" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()" >/dev/null

# A stop that waits for a session refuses everybody else.
sql "$primary" 'SELECT pg_sleep(300)' >/dev/null 2>&1 & pids+=($!)
session() { [ "$(sql "$primary" "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql' AND pid <> pg_backend_pid()")" -ge 1 ]; }
answers session
kill -TERM "$primary_process"
target postgres "postgres://postgres@127.0.0.1:$primary/postgres"
is 'postgres: one that is shutting down says so' '.status == "fail" and .code == "57P03" and (.message | test("shutting down"))'
kill -QUIT "$primary_process"
target postgres "postgres://postgres@127.0.0.1:$copy/postgres"
is 'postgres: a copy that has lost its primary' '.status == "warn" and .reason == "lagging" and (.message | test("receives nothing"))'

# --- Redis
master=$(free_port) slave=$(free_port)
redis_at() { redis-cli -p "$1" "${@:2}"; }
install -d "$folder/redis-$master" "$folder/redis-$slave"
redis-server --bind 127.0.0.1 --port "$master" --save '' --appendonly no --dir "$folder/redis-$master" --repl-diskless-sync-delay 0 --repl-timeout 2 >"$folder/redis-master.log" 2>&1 & pids+=($!); redis_process=$!
redis-server --bind 127.0.0.1 --port "$slave" --save '' --appendonly no --dir "$folder/redis-$slave" --replicaof "127.0.0.1 $master" >"$folder/redis-slave.log" 2>&1 & pids+=($!)
answers redis_at "$master" ping
answers redis_at "$slave" ping
target redis "redis://127.0.0.1:$slave"
is 'redis: a copy in step' '.status == "ok" and (.message | test(" replica"))'
target redis "redis://127.0.0.1:$master"
is 'redis: a master counts its copies' '.status == "ok" and (.message | test("1 replica"))'
# Its folder is gone: the snapshot cannot be written, and writes are refused from then on.
rm -rf "$folder/redis-$master"
redis_at "$master" config set save '1 1' >/dev/null
redis_at "$master" set stock 5 >/dev/null
redis_at "$master" bgsave >/dev/null 2>&1 || true
is 'redis: a snapshot that cannot be saved, so that nothing may be written' \
  '.status == "fail" and .reason == "read_only" and .code == "MISCONF" and (.message | test("snapshot could not be saved")) and (.hint.likely | length) > 0'
kill -KILL "$redis_process"
target redis "redis://127.0.0.1:$slave"
is 'redis: a copy that has lost its master' '.status == "warn" and .reason == "lagging" and (.message | test("not heard its master"))'

# --- MariaDB
install -d -o mysql "$folder/maria"
mariadb-install-db --no-defaults --auth-root-authentication-method=normal --user=mysql --datadir="$folder/maria/source" >"$folder/install-db.log" 2>&1
cp -a "$folder/maria/source" "$folder/maria/copy"
source=$(free_port) copy=$(free_port)
start_mariadb() { # name, port, number, options
  mariadbd --no-defaults --user=mysql --datadir="$folder/maria/$1" --bind-address=127.0.0.1 --port="$2" --server-id="$3" \
    --socket="$folder/maria/$1.sock" --skip-name-resolve "${@:4}" >>"$folder/mariadb-$1.log" 2>&1 &
  pids+=($!); printf -v "$1_process" %s $!
  answers mariadb-admin --no-defaults --socket="$folder/maria/$1.sock" ping
}
maria() { mariadb --no-defaults --socket="$folder/maria/$1.sock" -e "$2"; }
start_mariadb source "$source" 1 --log-bin
start_mariadb copy "$copy" 2 --read-only
for name in source copy; do
  maria "$name" "SET sql_log_bin = 0; CREATE USER ada@'127.0.0.1' IDENTIFIED BY 's3kr1t'; GRANT ALL ON *.* TO ada@'127.0.0.1'"
done
maria source "CREATE DATABASE orders; CREATE TABLE orders.stock (id int PRIMARY KEY, held int) ENGINE = InnoDB; INSERT INTO orders.stock VALUES (1, 5)"
maria copy "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=$source, MASTER_USER='ada', MASTER_PASSWORD='s3kr1t', MASTER_CONNECT_RETRY=1, MASTER_USE_GTID=slave_pos; START SLAVE"
target mysql "mysql://ada:s3kr1t@127.0.0.1:$copy/"
is 'mariadb: a copy in step' '.status == "ok" and (.message | test(" replica, .*0s behind"))'
maria copy 'STOP SLAVE SQL_THREAD'
is 'mariadb: a copy that applies nothing' '.status == "fail" and .reason == "lagging" and (.message | test("applies nothing"))'
maria copy 'START SLAVE SQL_THREAD'
is 'mariadb: and is in step again' '.status == "ok"'
target mysql "mysql://ada:s3kr1t@127.0.0.1:$source/"
takes_row() { mariadb --no-defaults --socket="$folder/maria/source.sock" orders -e 'BEGIN; UPDATE stock SET held = held - 1 WHERE id = 1; SELECT SLEEP(300)' >/dev/null 2>&1 & pids+=($!); }
takes_row
takes_row
is 'mariadb: a session that waits for a row' '.status == "warn" and .reason == "slow" and (.message | test("1 waiting for a lock"))'
# It waits for every session that writes.
maria source "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE info LIKE '%stock%' OR info LIKE 'SELECT SLEEP%'" |
  grep '^KILL [0-9]' | while read -r words; do maria source "$words" 2>/dev/null || true; done
maria source 'SET GLOBAL read_only = ON'
target mysql "mysql://ada:s3kr1t@127.0.0.1:$source/" 'warn = []
fail = []'
is 'mariadb: one that takes no writes' '.status == "warn" and .reason == "read_only"'
kill -KILL "$source_process"
target mysql "mysql://ada:s3kr1t@127.0.0.1:$copy/"
is 'mariadb: a copy that has lost its source' '.status == "fail" and .reason == "lagging" and (.message | test("fetches nothing"))'
