#!/usr/bin/env bash
# Real databases: PostgreSQL, MariaDB, Redis and memcached of Debian, each well and broken in the ways that people meet.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
. tests/live/installed.bash
folder=$(mktemp -d)
pids=()
finish() {
  # What was stopped does not hear that it is to end.
  for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null || true; kill "$pid" 2>/dev/null || true; done
  # PostgreSQL waits for its sessions unless it is told not to.
  [ -z "${postgres:-}" ] || kill -INT "$postgres" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder" "${empty:-$folder}"
}
trap finish EXIT
chmod 755 "$folder"

commands redis-server memcached mariadbd mariadb-install-db pgbouncer openssl jq -- \
  redis-server memcached mariadb-server pgbouncer openssl jq
if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then debian postgresql; fi
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# Not a function: in the background that would be a shell of its own, and its id not the server's.
as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
answers() { # command
  for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
  echo "does not start: $*"; cat "$folder"/*.log | tail -20; exit 1
}
refuses() { grep -qE "$1" <<<"$("${@:2}" 2>&1 || true)"; }
# One check of one address: `target kind url [timeout]` writes it, `is id jq-expression` holds its result to it.
target() {
  printf '[[check]]\nid = "it"\nkind = "%s"\ntarget = "%s"\ntimeout = "%s"\n' "$1" "$2" "${3:-3s}" >"$folder/obs.toml"
}
is() { # words, expression on the one check
  (cd "$folder" && HOME=$folder SSL_CERT_FILE=$folder/ca.crt "$obs" check it -o json >answer.json 2>notes) || true
  if (cd "$folder" && grep -q 's3kr1t' answer.json notes) || (cd "$folder" && HOME=$folder "$obs" check it 2>&1 | grep -q 's3kr1t'); then
    echo "not so: $1: a secret is shown"; exit 1
  fi
  if ! jq -e ".checks[] | select(.id == \"it\") | $2" "$folder/answer.json" >/dev/null; then
    echo "not so: $1"; jq -c '.checks[] | [.status, .reason, .code, .message, .duration_ms]' "$folder/answer.json"; exit 1
  fi
  echo "$1"
}
fails() { printf '.status == "fail" and .reason == "%s" and .code == %s and (.hint.likely | length) > 0' "$1" "${2:-null}"; }

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout "$folder/ca.key" -out "$folder/ca.crt" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$folder/tls.key" -out "$folder/tls.csr" 2>/dev/null
openssl x509 -req -in "$folder/tls.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -days 2 -out "$folder/tls.crt" \
  -extfile <(echo 'subjectAltName=DNS:localhost') 2>/dev/null
chmod 644 "$folder"/*.key

# --- PostgreSQL
install -d -o postgres "$folder/pg"
echo s3kr1t >"$folder/pg.password"
"${as_postgres[@]}" "$bin/initdb" -D "$folder/pg/data" -A scram-sha-256 --pwfile "$folder/pg.password" --no-sync -U postgres >"$folder/initdb.log" 2>&1
install -o postgres -m 600 "$folder/tls.key" "$folder/pg/data/server.key"
install -o postgres "$folder/tls.crt" "$folder/pg/data/server.crt"
pg=$(free_port)
start_postgres() { # options
  "${as_postgres[@]}" "$bin/postgres" -D "$folder/pg/data" -h 127.0.0.1 -p "$pg" -k "$folder/pg" -c fsync=off \
    -c max_connections=12 -c superuser_reserved_connections=3 "$@" >>"$folder/postgres.log" 2>&1 &
  pids+=($!) postgres=$!
  answers "$bin/pg_isready" -q -h 127.0.0.1 -p "$pg"
}
stop_postgres() { kill -INT "$postgres"; wait "$postgres" 2>/dev/null || true; }
sql() { PGPASSWORD=s3kr1t "$bin/psql" -q -h 127.0.0.1 -p "$pg" -U postgres -d postgres -c "$1"; }
start_postgres
url="postgres://postgres:s3kr1t@localhost:$pg"
target postgres "$url/postgres"
is 'postgres: well, with its version, its role and its connections' \
  '.status == "ok" and (.message | test("^PostgreSQL [0-9.]+ primary, [0-9]+/12 connections")) and ([.phases[].name] == ["resolve","connect","auth","query"])'
target postgres "postgres://postgres:s3kr1t-old@localhost:$pg/postgres"
is 'postgres: a wrong password is 28P01' "$(fails auth_failed '"28P01"')"
target postgres "$url/nothere"
is 'postgres: a wrong database is 3D000' "$(fails not_found '"3D000"')"
target postgres "$url/postgres?sslmode=require"
is 'postgres: TLS where the server has none' "$(fails protocol) and (.message | test(\"does not speak TLS\"))"
sql 'BEGIN; SELECT pg_sleep(300)' >/dev/null 2>&1 & pids+=($!)
sql "CREATE USER small PASSWORD 's3kr1t'"
# One more at each look: a session of the checks above may still hold a place.
full() {
  PGPASSWORD=s3kr1t "$bin/psql" -q -h 127.0.0.1 -p "$pg" -U small -d postgres -c 'SELECT pg_sleep(300)' >/dev/null 2>&1 & pids+=($!)
  refuses 'too many|remaining connection' env PGPASSWORD=s3kr1t "$bin/psql" -h 127.0.0.1 -p "$pg" -U small -d postgres -c 'SELECT 1'
}
# What held a place for a moment may have left it since.
for _ in 1 2 3; do answers full; sleep 0.1; done
target postgres "postgres://small:s3kr1t@localhost:$pg/postgres"
is 'postgres: connections full is 53300' "$(fails saturated '"53300"') and .runbook == \"db-connections-full\""
target postgres "$url/postgres"
is 'postgres: nearly full warns, asked by who still gets in' '.status != "ok" and .reason == "saturated" and (.message | test("connections > "))'
kill -STOP "$postgres"
target postgres "$url/postgres" 700ms
is 'postgres: stopped by SIGSTOP ends within its time' "$(fails timeout) and .duration_ms < 1500"
kill -CONT "$postgres"
stop_postgres
target postgres "$url/postgres"
is 'postgres: stopped is refused' "$(fails refused)"
sed -i 's/^host/hostssl/' "$folder/pg/data/pg_hba.conf"
start_postgres -c ssl=on
is 'postgres: a server that wants TLS, asked without, is 28000' "$(fails auth_failed '"28000"') and (.hint.likely | test(\"sslmode=require\"))"
target postgres "$url/postgres?sslmode=verify-full"
is 'postgres: TLS with a certificate that is verified' '.status == "ok" and ([.phases[].name] == ["resolve","connect","tls","auth","query"])'
target postgres "postgres://postgres:s3kr1t@127.0.0.1:$pg/postgres?sslmode=verify-full"
is 'postgres: a certificate for another name' "$(fails tls_name)"
target postgres "postgres://postgres:s3kr1t@127.0.0.1:$pg/postgres?sslmode=verify-ca"
is 'postgres: verify-ca asks for a trusted certificate of whatever name' '.status == "ok"'
cp "$folder/ca.crt" "$folder/own.crt"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout "$folder/other.key" -out "$folder/other.crt" 2>/dev/null
target postgres "$url/postgres?sslmode=verify-full&sslrootcert=$folder/other.crt"
is 'postgres: signed by none of the file that sslrootcert names' "$(fails tls_untrusted)"
target postgres "postgres://postgres:s3kr1t@127.0.0.1:$pg/postgres?sslmode=require&sslrootcert=$folder/other.crt"
is 'postgres: sslmode=require with sslrootcert is verify-ca' "$(fails tls_untrusted)"
target postgres "$url/postgres?sslmode=verify-full&sslrootcert=$folder/nothere.crt"
is 'postgres: a missing sslrootcert is said by its name' \
  '.status == "unknown" and .reason == "config" and (.message | test("nothere.crt is not there")) and (.hint.likely | test("sslrootcert"))'
# Trusted by the file alone: the system's authorities do not know it.
mv "$folder/ca.crt" "$folder/hidden.crt" && cp "$folder/other.crt" "$folder/ca.crt"
target postgres "$url/postgres?sslmode=verify-full"
is 'postgres: an authority that is not known here' "$(fails tls_untrusted)"
target postgres "$url/postgres?sslmode=verify-full&sslrootcert=$folder/own.crt"
is 'postgres: an authority of the file that sslrootcert names' '.status == "ok"'
target postgres "postgres://postgres:s3kr1t@127.0.0.1:$pg/postgres?sslmode=verify-ca&sslrootcert=$folder/tls.crt"
is "postgres: the server's own certificate in sslrootcert" '.status == "ok"'
mv "$folder/hidden.crt" "$folder/ca.crt"

# --- libpq's variables, without a file
empty=$(mktemp -d)
named() { # words, what its check must be like, variables
  local words=$1 wanted=$2; shift 2
  (cd "$empty" && env HOME="$folder" SSL_CERT_FILE="$folder/ca.crt" PGPORT="$pg" PGUSER=postgres "$@" "$obs" check postgres -o json >answer.json 2>notes) || true
  if (cd "$empty" && grep -q 's3kr1t' answer.json notes); then echo "not so: $words: a secret is shown"; exit 1; fi
  if ! jq -e ".checks[] | select(.id == \"postgres\") | $wanted" "$empty/answer.json" >/dev/null; then
    echo "not so: $words"; cat "$empty/notes"; jq -c '.checks[] | [.status, .reason, .code, .message, .origin, .phases]' "$empty/answer.json"; exit 1
  fi
  echo "$words"
}
named 'postgres: named by PGHOST, encrypted where the server can' \
  '.status == "ok" and .origin == "$PGHOST" and ([.phases[].name] | index("tls"))' PGHOST=localhost PGPASSWORD=s3kr1t PGDATABASE=postgres
named 'postgres: PGHOST that is the folder of a socket' \
  '.status == "ok" and ([.phases[].name] == ["connect","auth","query"])' PGHOST="$folder/pg" PGPASSWORD=s3kr1t
named 'postgres: PGSSLMODE and PGSSLROOTCERT' "$(fails tls_untrusted)" \
  PGHOST=localhost PGPASSWORD=s3kr1t PGSSLMODE=verify-full PGSSLROOTCERT="$folder/other.crt"
named 'postgres: a wrong PGPASSWORD is 28P01' "$(fails auth_failed '"28P01"')" PGDATABASE=postgres PGPASSWORD=s3kr1t-old
sql "ALTER SYSTEM SET default_transaction_read_only = on" && sql 'SELECT pg_reload_conf()' >/dev/null
target postgres "$url/postgres?sslmode=require&target_session_attrs=read-write"
read_only() { [ "$(PGPASSWORD=s3kr1t "$bin/psql" -Atq -h 127.0.0.1 -p "$pg" -U postgres -d postgres -c 'SHOW default_transaction_read_only')" = on ]; }
answers read_only
is 'postgres: no writes where the address wants them' "$(fails read_only)"

# --- PgBouncer
bouncer=$(free_port)
cat >"$folder/pg/bouncer.ini" <<END
[databases]
postgres = host=127.0.0.1 port=$pg dbname=postgres
gone = host=127.0.0.1 port=1 dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $bouncer
unix_socket_dir =
server_tls_sslmode = prefer
auth_type = scram-sha-256
auth_file = $folder/pg/users.txt
stats_users = postgres
pool_mode = transaction
default_pool_size = 1
END
echo '"postgres" "s3kr1t"' >"$folder/pg/users.txt"
"${as_postgres[@]}" pgbouncer "$folder/pg/bouncer.ini" >"$folder/bouncer.log" 2>&1 & pids+=($!)
pooled() { PGPASSWORD=s3kr1t "$bin/psql" -Atq -h 127.0.0.1 -p "$bouncer" -U postgres "$@"; }
answers pooled -d postgres -c 'SELECT 1'
url="postgres://postgres:s3kr1t@127.0.0.1:$bouncer"
target postgres "$url/postgres"
is 'pgbouncer: PostgreSQL is asked through it' '.reason != "protocol" and (.message | test("^PostgreSQL [0-9.]+ primary"))'
target postgres "$url/pgbouncer"
is 'pgbouncer: its own console' '.status == "ok" and (.message | test("^PgBouncer [0-9.]+, [0-9]+ clients?"))'
target postgres "postgres://postgres:s3kr1t-old@127.0.0.1:$bouncer/postgres"
is 'pgbouncer: a wrong password' "$(fails auth_failed '"08P01"')"
target postgres "$url/nothere"
is 'pgbouncer: a database that it does not have' "$(fails not_found '"08P01"')"
# It keeps whoever asks waiting, and says nothing for two minutes.
target postgres "$url/gone" 700ms
is 'pgbouncer: a server behind it that is gone ends within its time' "$(fails timeout) and .duration_ms < 1500"
pooled -d postgres -c 'BEGIN; SELECT pg_sleep(300)' >/dev/null 2>&1 & pids+=($!)
# The one that is to wait would else be served first now and then.
has_it() { pooled -d pgbouncer -F ' ' -c 'SHOW POOLS' | grep -qE '^postgres postgres [1-9]'; }
answers has_it
pooled -d postgres -c 'SELECT 1' >/dev/null 2>&1 & pids+=($!)
waits() { pooled -d pgbouncer -F ' ' -c 'SHOW POOLS' | grep -qE '^postgres postgres [0-9]+ [1-9]'; }
answers waits
target postgres "$url/pgbouncer"
is 'pgbouncer: clients that wait for a connection' '.status == "warn" and .reason == "saturated" and (.message | test("[0-9]+ waiting for a connection"))'

# --- Redis
redis=$(free_port) redis_tls=$(free_port)
redis-server --bind 127.0.0.1 --port "$redis" --tls-port "$redis_tls" --tls-cert-file "$folder/tls.crt" --tls-key-file "$folder/tls.key" \
  --tls-ca-cert-file "$folder/ca.crt" --tls-auth-clients no --save '' --appendonly no --requirepass s3kr1t --maxclients 6 \
  --dir "$folder" >"$folder/redis.log" 2>&1 &
pids+=($!) server=$!
ask() { redis-cli --no-auth-warning -a s3kr1t -p "$redis" "$@"; }
answers ask ping
url="redis://:s3kr1t@localhost:$redis/0"
target redis "$url"
is 'redis: well' '.status == "ok" and (.message | test("^Redis [0-9.]+ master"))'
target redis "redis://localhost:$redis"
is 'redis: no password is NOAUTH' "$(fails auth_failed '"NOAUTH"')"
target redis "redis://:s3kr1t-old@localhost:$redis"
is 'redis: a wrong password is WRONGPASS' "$(fails auth_failed '"WRONGPASS"')"
target redis "redis://:s3kr1t@localhost:$redis/99"
is 'redis: a wrong database' "$(fails not_found '"ERR"')"
target redis "rediss://:s3kr1t@localhost:$redis_tls"
is 'redis: TLS' '.status == "ok" and ([.phases[].name] | index("tls"))'
target redis "rediss://:s3kr1t@localhost:$redis" 2s
is 'redis: TLS where the server has none' "$(fails protocol) and (.message | test(\"does not speak TLS\"))"
target redis "redis://:s3kr1t@localhost:$redis_tls" 2s
is 'redis: no TLS where the server wants it' "$(fails protocol) and (.message | test(\"speaks TLS\"))"
target redis "$url"
ask config set maxmemory 300kb >/dev/null
is 'redis: memory full, where nothing may be evicted' "$(fails saturated) and (.message | test(\"memory > \"))"
ask config set maxmemory 0 >/dev/null
for _ in $(seq 7); do (exec 3<>"/dev/tcp/127.0.0.1/$redis"; exec sleep 300 <&3) & pids+=($!); done
full() { refuses 'max number of clients' ask ping; }
# What held a place for a moment may have left it since.
for _ in 1 2 3; do answers full; sleep 0.1; done
is 'redis: connections full' "$(fails saturated '"ERR"')"
kill -STOP "$server"
target redis "$url" 700ms
is 'redis: stopped by SIGSTOP ends within its time' "$(fails timeout) and .duration_ms < 1500"
kill -CONT "$server" && kill "$server" && { wait "$server" 2>/dev/null || true; }
target redis "$url"
is 'redis: stopped is refused' "$(fails refused)"

# --- memcached
port=$(free_port)
memcached -u nobody -l 127.0.0.1 -p "$port" -U 0 >"$folder/memcached.log" 2>&1 &
pids+=($!) server=$!
reachable() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
answers reachable
target memcached "127.0.0.1:$port"
is 'memcached: well' '.status == "ok" and (.message | test("^memcached [0-9.]+, [0-9]+/1024 connections"))'
target redis "redis://127.0.0.1:$port"
is 'memcached: asked as Redis is another protocol' "$(fails protocol)"
target memcached "127.0.0.1:$port" 700ms
kill -STOP "$server"
is 'memcached: stopped by SIGSTOP ends within its time' "$(fails timeout) and .duration_ms < 1500"
kill -CONT "$server" && kill "$server" && { wait "$server" 2>/dev/null || true; }
is 'memcached: stopped is refused' "$(fails refused)"

# --- MariaDB
install -d -o mysql "$folder/maria"
mariadb-install-db --no-defaults --auth-root-authentication-method=normal --user=mysql --datadir="$folder/maria" >"$folder/install-db.log" 2>&1
port=$(free_port)
start_mariadb() { # options
  mariadbd --no-defaults --user=mysql --datadir="$folder/maria" --bind-address=127.0.0.1 --port="$port" \
    --socket="$folder/maria/sock" --max-connections=10 --skip-name-resolve "$@" >>"$folder/mariadb.log" 2>&1 &
  pids+=($!) server=$!
  answers mariadb-admin --no-defaults --socket="$folder/maria/sock" ping
}
maria() { mariadb --no-defaults --socket="$folder/maria/sock" -e "$1"; }
start_mariadb
maria "CREATE DATABASE orders; CREATE USER ada@'127.0.0.1' IDENTIFIED BY 's3kr1t'; GRANT ALL ON *.* TO ada@'127.0.0.1';
  CREATE USER small@'127.0.0.1' IDENTIFIED BY 's3kr1t'; GRANT SELECT ON orders.* TO small@'127.0.0.1'"
url="mysql://ada:s3kr1t@127.0.0.1:$port"
target mysql "$url/orders"
is 'mariadb: well, its version without the old prefix' \
  '.status == "ok" and (.message | test("^MariaDB 1[0-9]\\.[0-9.]+, [0-9]+/10 connections")) and ([.phases[].name] == ["connect","auth","query"])'
target mysql "mysql://small:s3kr1t@127.0.0.1:$port/orders"
is 'mariadb: what a user may not see is said' '.status == "ok" and (.message | test("transactions not seen"))'
target mysql "mysql://ada:s3kr1t-old@127.0.0.1:$port/orders"
is 'mariadb: a wrong password is 1045' "$(fails auth_failed '"1045"')"
target mysql "$url/nothere"
is 'mariadb: a wrong database is 1049' "$(fails not_found '"1049"')"
target mysql "$url/orders?ssl-mode=required"
is 'mariadb: TLS where the server has none' "$(fails protocol) and (.message | test(\"does not speak TLS\"))"
full() {
  mariadb --no-defaults -uada -ps3kr1t -h127.0.0.1 -P"$port" -e 'SELECT SLEEP(300)' >/dev/null 2>&1 & pids+=($!)
  refuses 'Too many connections' mariadb --no-defaults -usmall -ps3kr1t -h127.0.0.1 -P"$port" -e 'SELECT 1'
}
# What held a place for a moment may have left it since.
for _ in 1 2 3; do answers full; sleep 0.1; done
target mysql "mysql://small:s3kr1t@127.0.0.1:$port/orders"
is 'mariadb: connections full is 1040' "$(fails saturated '"1040"') and .runbook == \"db-connections-full\""
kill -STOP "$server"
target mysql "$url/orders" 700ms
is 'mariadb: stopped by SIGSTOP ends within its time' "$(fails timeout) and .duration_ms < 1500"
kill -CONT "$server" && kill "$server" && { wait "$server" 2>/dev/null || true; }
target mysql "$url/orders"
is 'mariadb: stopped is refused' "$(fails refused)"
start_mariadb --ssl-cert="$folder/tls.crt" --ssl-key="$folder/tls.key" --require-secure-transport=on
is 'mariadb: a server that wants TLS, asked without' "$(fails auth_failed '"1045"') and (.hint.likely | test(\"TLS\"))"
target mysql "mysql://ada:s3kr1t@localhost:$port/orders?ssl-mode=verify_identity"
is 'mariadb: TLS with a certificate that is verified' '.status == "ok" and ([.phases[].name] | index("tls"))'
