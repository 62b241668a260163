#!/usr/bin/env bash
# Real brokers, mail servers and gRPC services, well and in their failures, each asked by `obs check`.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
here=$PWD/tests/live
. tests/live/installed.bash
folder=$(mktemp -d)
chmod 755 "$folder"
started=()
rabbit=
finish() {
  for one in "${started[@]}"; do kill -CONT "$one" 2>/dev/null && kill "$one" 2>/dev/null || true; done
  [ -z "${rabbit:-}" ] || rabbit_ends
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
export HOME=$folder PATH=$PATH:/usr/sbin
unset XDG_STATE_HOME XDG_CONFIG_HOME XDG_DATA_HOME OBS_URL OBS_CONFIG OBS_ENV

commands nats-server mosquitto mosquitto_passwd openssl jq curl -- nats-server mosquitto openssl jq curl
python_packages brokers grpcio grpcio-health-checking aiosmtpd confluent-kafka
python=$cache/brokers/bin/python

# An authority of our own, and a certificate by it.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=obs-authority -keyout "$folder/ca.key" -out "$folder/ca.pem" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$folder/key.pem" -out "$folder/request.pem" 2>/dev/null
openssl x509 -req -days 2 -in "$folder/request.pem" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -CAcreateserial \
  -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1') -out "$folder/cert.pem" 2>/dev/null
chmod 644 "$folder/key.pem"
export SSL_CERT_FILE=$folder/ca.pem

read -r nats nats_tls mqtt mqtts amqp amqps amqp_management amqp_dist epmd nobody < <("$python" - <<'END'
import socket
held = [socket.socket() for _ in range(10)]
for one in held: one.bind(("127.0.0.1", 0))
print(*[one.getsockname()[1] for one in held])
END
)

waits_for() { for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.05; done; echo "nothing listens on $1"; return 1; }

# Asks one address; the password that the servers have may stand nowhere in what is said.
asks() { # kind, target
  printf '[[check]]\nid = "it"\nkind = "%s"\ntarget = "%s"\n' "$1" "$2" >"$folder/obs.toml"
  (cd "$folder" && "$obs" check -o json --timeout "${wait:-5s}") >"$folder/answer.json" 2>"$folder/errors" || true
  if grep -q 'hunter2\|wr0ng' "$folder/answer.json" "$folder/errors"; then
    echo "a secret is shown: $1 $2"
    exit 1
  fi
}
is() { # words, kind, target, what must hold of the check
  asks "$2" "$3"
  if ! jq -e ".checks[0] | $4" "$folder/answer.json" >"$folder/said" 2>&1; then
    echo "not so: $1 ($4)"
    jq '.checks[0]' "$folder/answer.json" || cat "$folder/errors"
    exit 1
  fi
  echo "$1: $(jq -r '.checks[0] | "\(.status) \(.reason // "") \(.code // "") \(.message)"' "$folder/answer.json")"
}
ok='.status == "ok" and .reason == null'
failed() { echo ".status == \"fail\" and .reason == \"$1\""; }
# One that is stopped takes connections, and answers nothing, within the time it has.
hangs() { # words, process, kind, target
  kill -STOP "$2"
  wait=1s is "$1" "$3" "$4" "$(failed timeout) and .duration_ms < 1500"
  kill -CONT "$2"
}

nats-server -a 127.0.0.1 -p "$nats" --user obs --pass hunter2 >"$folder/nats.log" 2>&1 & started+=($!); nats_process=$!
nats-server -a 127.0.0.1 -p "$nats_tls" --tls --tlscert "$folder/cert.pem" --tlskey "$folder/key.pem" >"$folder/nats-tls.log" 2>&1 & started+=($!)
mosquitto_passwd -b -c "$folder/passwords" obs hunter2
printf 'per_listener_settings false\nuser root\nallow_anonymous false\npassword_file %s\nlistener %s 127.0.0.1\nlistener %s 127.0.0.1\ncertfile %s\nkeyfile %s\n' \
  "$folder/passwords" "$mqtt" "$mqtts" "$folder/cert.pem" "$folder/key.pem" >"$folder/mosquitto.conf"
mosquitto -c "$folder/mosquitto.conf" >"$folder/mosquitto.log" 2>&1 & started+=($!); mqtt_process=$!
"$python" "$here/brokers.py" "$folder" 2>"$folder/python.log" & started+=($!)
for port in $nats $nats_tls $mqtt $mqtts; do waits_for "$port"; done

is 'NATS' nats "nats://obs:hunter2@127.0.0.1:$nats" "$ok and (.phases | map(.name)) == [\"connect\", \"greeting\", \"auth\"]"
is 'NATS, wrong password' nats "nats://obs:wr0ng@127.0.0.1:$nats" "$(failed auth_failed) and .hint != null"
is 'NATS, no password' nats "nats://127.0.0.1:$nats" "$(failed auth_failed)"
is 'NATS that insists on TLS' nats "nats://localhost:$nats_tls" "$ok and (.message | contains(\"TLS\"))"
SSL_CERT_FILE=$here/../fixtures/tls/none.pem is 'NATS, untrusted certificate' nats "tls://localhost:$nats_tls" "$(failed tls_untrusted)"
is 'NATS, TLS where it has none' nats "tls://obs:hunter2@localhost:$nats" "$(failed protocol)"
is 'NATS, another protocol' nats "nats://127.0.0.1:$mqtt" '.status == "fail"'
is 'NATS, nothing there' nats "nats://127.0.0.1:$nobody" "$(failed refused)"
hangs 'NATS, stopped' "$nats_process" nats "nats://obs:hunter2@127.0.0.1:$nats"

for version in 3.1.1 5; do
  is "MQTT $version" mqtt "mqtt://obs:hunter2@127.0.0.1:$mqtt?version=$version" "$ok"
  is "MQTT $version, wrong password" mqtt "mqtt://obs:wr0ng@127.0.0.1:$mqtt?version=$version" "$(failed auth_failed)"
  is "MQTT $version, no password" mqtt "mqtt://127.0.0.1:$mqtt?version=$version" "$(failed auth_failed)"
done
is 'MQTT over TLS' mqtt "mqtts://obs:hunter2@localhost:$mqtts" "$ok and (.phases | any(.name == \"tls\"))"
is 'MQTT, TLS where plain is spoken' mqtt "mqtts://obs:hunter2@localhost:$mqtt" "$(failed reset) and (.hint.likely | contains(\"does not speak TLS\"))"
is 'MQTT, plain where TLS is spoken' mqtt "mqtt://obs:hunter2@127.0.0.1:$mqtts" "$(failed protocol) and (.message | contains(\"TLS\"))"
hangs 'MQTT, stopped' "$mqtt_process" mqtt "mqtt://obs:hunter2@127.0.0.1:$mqtt"

ready "$folder/ports.json"
port() { jq -r ".$1" "$folder/ports.json"; }
is 'SMTP with STARTTLS and a login' smtp "smtp://obs:hunter2@localhost:$(port smtp)" "$ok and (.message | contains(\"TLS, logged in\"))"
is 'SMTP, wrong password' smtp "smtp://obs:wr0ng@localhost:$(port smtp)" "$(failed auth_failed) and .code == \"535\""
is 'SMTP without TLS' smtp "smtp://127.0.0.1:$(port smtp_plain)" "$ok and (.message | contains(\"no TLS\"))"
is 'SMTP, TLS insisted on where there is none' smtp "smtp://127.0.0.1:$(port smtp_plain)?tls=true" "$(failed protocol)"
is 'SMTP over TLS at once' smtp "smtps://localhost:$(port smtps)" "$ok"
is 'SMTP, plain where TLS is spoken' smtp "smtp://localhost:$(port smtps)" "$(failed protocol) and (.message | contains(\"TLS\"))"
SSL_CERT_FILE=$here/../fixtures/tls/none.pem is 'SMTP, certificate of nobody known, no password sent' smtp "smtp://localhost:$(port smtp)" '.status == "warn" and .reason == "tls_untrusted"'
is 'SMTP that is stopping' smtp "smtp://127.0.0.1:$(port smtp_421)" "$(failed starting) and .code == \"421\""
is 'SMTP, another protocol' smtp "smtp://127.0.0.1:$nats" "$(failed protocol)"

is 'gRPC' grpc "grpc://127.0.0.1:$(port grpc)" "$ok"
is 'gRPC, a service' grpc "grpc://127.0.0.1:$(port grpc)/shop.Orders" "$ok"
is 'gRPC, a service that is not serving' grpc "grpc://127.0.0.1:$(port grpc)/shop.Stock" "$(failed status) and .code == \"NOT_SERVING\""
is 'gRPC, a service that is not there' grpc "grpc://127.0.0.1:$(port grpc)/shop.Nothing" "$(failed not_found)"
is 'gRPC without the health service' grpc "grpc://127.0.0.1:$(port grpc_bare)" '.status == "warn" and .code == "12"'
is 'gRPC over TLS' grpc "grpcs://localhost:$(port grpc_tls)" "$ok"
is 'gRPC, plain where TLS is spoken' grpc "grpc://localhost:$(port grpc_tls)" "$(failed protocol) and (.message | contains(\"TLS\"))"
is 'gRPC, TLS where plain is spoken' grpc "grpcs://localhost:$(port grpc)" "$(failed protocol)"
is 'gRPC, another protocol' grpc "grpc://127.0.0.1:$nats" "$(failed protocol)"

is 'Kafka (the mock cluster of librdkafka)' kafka "kafka://127.0.0.1:$(port kafka)" "$ok and (.children | length) == 3"
is 'Kafka, a topic' kafka "kafka://127.0.0.1:$(port kafka)/orders" "$ok and (.message | contains(\"1 topic with\"))"
is 'Kafka, another protocol' kafka "kafka://127.0.0.1:$nats" '.status == "fail"'

# RabbitMQ takes half a minute to start, and does not start everywhere.
rabbit=$folder/rabbit
as_rabbit() {
  local env=(env "HOME=$rabbit" RABBITMQ_NODENAME=obs@localhost "RABBITMQ_DIST_PORT=$amqp_dist" ERL_EPMD_ADDRESS=127.0.0.1
    "ERL_EPMD_PORT=$epmd" "RABBITMQ_CONFIG_FILE=$rabbit/rabbitmq.conf" "RABBITMQ_ENABLED_PLUGINS_FILE=$rabbit/plugins"
    "RABBITMQ_MNESIA_BASE=$rabbit/data" "RABBITMQ_LOG_BASE=$rabbit/log" "RABBITMQ_PID_FILE=$rabbit/pid")
  local user=()
  [ "$(id -u)" != 0 ] || user=(setpriv --reuid rabbitmq --regid rabbitmq --clear-groups)
  "${user[@]}" "${env[@]}" "$@"
}
rabbit_ends() {
  [ ! -s "$rabbit/pid" ] || kill -KILL "$(cat "$rabbit/pid")" 2>/dev/null || true
  # Its port mapper outlives it, and ends when nobody is registered.
  for _ in $(seq 40); do as_rabbit epmd -port "$epmd" -kill >/dev/null 2>&1 && break; sleep 0.1; done
}
rabbit_starts() {
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || debian rabbitmq-server || return 1
  mkdir -p "$rabbit"/{data,log}
  cp "$folder"/{cert,key,ca}.pem "$rabbit"
  printf '%s\n' "listeners.tcp.1 = 127.0.0.1:$amqp" "listeners.ssl.1 = 127.0.0.1:$amqps" "ssl_options.certfile = $rabbit/cert.pem" \
    "ssl_options.keyfile = $rabbit/key.pem" "management.tcp.ip = 127.0.0.1" "management.tcp.port = $amqp_management" \
    'disk_free_limit.absolute = 1MB' 'default_user = obs' 'default_pass = hunter2' >"$rabbit/rabbitmq.conf"
  echo '[rabbitmq_management].' >"$rabbit/plugins"
  [ "$(id -u)" != 0 ] || chown -R rabbitmq "$rabbit"
  # The cookie is its own: the default one lives in a home that others may use.
  as_rabbit bash -c "umask 077; echo obs-live-$RANDOM$RANDOM >$rabbit/.erlang.cookie"
  as_rabbit /usr/lib/rabbitmq/bin/rabbitmq-server >"$rabbit.log" 2>&1 & started+=($!)
  for _ in $(seq 180); do
    manages health/checks/local-alarms >/dev/null 2>&1 && return
    sleep 0.5
  done
  return 1
}
manages() { curl -fsS -m 5 -u obs:hunter2 "${@:2}" "http://127.0.0.1:$amqp_management/api/$1"; }

if ! rabbit_starts; then
  echo 'RabbitMQ did not start here within 90 s and was not asked:'
  tail -5 "$rabbit.log" 2>/dev/null || true
  exit 0
fi
at="127.0.0.1:$amqp" management="management_port=$amqp_management"
is 'RabbitMQ' rabbitmq "amqp://obs:hunter2@$at?$management" "$ok and (.message | contains(\"vhost /, publishing works; 0 queues\"))"
is 'RabbitMQ without its management' rabbitmq "amqp://obs:hunter2@$at?management_port=$nobody" "$ok and (.message | contains(\"management not looked at\"))"
is 'RabbitMQ, wrong password' rabbitmq "amqp://obs:wr0ng@$at?$management" "$(failed auth_failed) and .code == \"403\""
is 'RabbitMQ, wrong virtual host' rabbitmq "amqp://obs:hunter2@$at/shop?$management" "$(failed not_found) and .code == \"530\""
manages users/stranger -X PUT -d '{"password":"hunter2","tags":""}'
is 'RabbitMQ, no rights in the virtual host' rabbitmq "amqp://stranger:hunter2@$at?$management" "$(failed forbidden) and .code == \"530\""
manages permissions/%2F/stranger -X PUT -d '{"configure":"","write":"","read":""}'
is 'RabbitMQ, a user that may not publish' rabbitmq "amqp://stranger:hunter2@$at?$management" "$ok and (.message | contains(\"was not asked\"))"
is 'RabbitMQ over TLS' rabbitmq "amqps://obs:hunter2@localhost:$amqps?management_port=off" "$ok and (.phases | any(.name == \"tls\"))"
is 'RabbitMQ, plain where TLS is spoken' rabbitmq "amqp://obs:hunter2@127.0.0.1:$amqps" "$(failed protocol) and (.message | contains(\"TLS\"))"
is 'RabbitMQ, TLS where plain is spoken' rabbitmq "amqps://obs:hunter2@localhost:$amqp" "$(failed protocol)"
is 'RabbitMQ, another protocol' rabbitmq "amqp://127.0.0.1:$nats" "$(failed protocol)"
manages queues/%2F/work -X PUT -d '{}'
manages exchanges/%2F/amq.default/publish -X POST -d '{"properties":{},"routing_key":"work","payload":"x","payload_encoding":"string"}' >/dev/null
queue_is_counted() { manages queues/%2F/work | jq -e '.messages_ready == 1' >/dev/null; }
for _ in $(seq 100); do queue_is_counted && break; sleep 0.2; done
is 'RabbitMQ, a queue that nobody takes from' rabbitmq "amqp://obs:hunter2@$at?$management" '.status == "warn" and (.message | contains("nobody takes from work: 1 message waiting"))'
hangs 'RabbitMQ, stopped' "$(cat "$rabbit/pid")" rabbitmq "amqp://obs:hunter2@$at?$management"
as_rabbit /usr/lib/rabbitmq/bin/rabbitmqctl -q set_vm_memory_high_watermark absolute 1MB >/dev/null
is 'RabbitMQ, an alarm: a TCP check is well' tcp "$at" "$ok"
is 'RabbitMQ, an alarm: publishers are blocked' rabbitmq "amqp://obs:hunter2@$at?$management" "$(failed saturated) and .code == \"blocked\" and (.message | contains(\"low on memory\")) and (.hint.likely | contains(\"alarm\"))"
