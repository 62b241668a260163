#!/usr/bin/env bash
# Real senders of log lines: clients of Loki and Elasticsearch, rsyslog, logger. What they sent is asked for by its words.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
here=$PWD/tests/live
. tests/live/installed.bash
folder=$(mktemp -d)
trap 'kill $backend $rsyslog 2>/dev/null || true; rm -rf "$folder"' EXIT
backend='' rsyslog=''

commands rsyslogd logger -- rsyslog rsyslog-elasticsearch bsdutils
python_packages shippers-python python-logging-loki elasticsearch
node_packages shippers-node winston winston-loki

export HOME=$folder
"$obs" serve --port 0 --syslog 127.0.0.1:0 --store "$folder/store.sqlite" --ready-file "$folder/ready.json" 2>"$folder/told" &
backend=$!
ready "$folder/ready.json"
export OBS_URL=$(jq -r .url "$folder/ready.json")
port=${OBS_URL##*:}
syslog=$(sed -n 's/.*taking syslog at 127.0.0.1:\([0-9]*\).*/\1/p' "$folder/told")

"$cache/shippers-python/bin/python" "$here/ship.py" "$OBS_URL" "$syslog"
NODE_PATH=$cache/shippers-node/node_modules node "$here/ship.js" "$OBS_URL"
logger --server 127.0.0.1 --port "$syslog" --udp --rfc3164 -t live 'shipped by logger, RFC 3164 over UDP'
logger --server 127.0.0.1 --port "$syslog" --tcp --octet-count --rfc5424 -t live 'shipped by logger, RFC 5424 over TCP'

cat >"$folder/rsyslog.conf" <<CONF
global(workDirectory="$folder" maxMessageSize="64k")
module(load="imfile")
module(load="omelasticsearch")
template(name="document" type="list") {
  constant(value="{\"@timestamp\":\"") property(name="timereported" dateFormat="rfc3339")
  constant(value="\",\"message\":\"elastic ") property(name="msg" format="json")
  constant(value="\"}")
}
input(type="imfile" file="$folder/app.log" tag="app:")
action(type="omfwd" target="127.0.0.1" port="$syslog" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format"
       tcp_framing="octet-counted")
action(type="omelasticsearch" server="127.0.0.1" serverport="$port" bulkmode="on" searchIndex="logs" template="document"
       errorfile="$folder/refused")
CONF
printf 'shipped by rsyslog %s\n' $(seq 20) >"$folder/app.log"
rsyslogd -n -f "$folder/rsyslog.conf" -i "$folder/rsyslog.pid" 2>"$folder/rsyslog.told" &
rsyslog=$!

# Shippers send when it suits them: each is waited for.
has() { # words, how many lines
  for _ in $(seq 100); do
    [ "$("$obs" logs --quiet --limit 10000 -o jsonl | jq -rs --arg text "$1" 'map(select(.message | contains($text))) | length')" = "$2" ] && return
    sleep 0.1
  done
  "$obs" logs --limit 10000
  cat "$folder/rsyslog.told" "$folder/refused" 2>/dev/null
  return 1
}
holds 'a line by python-logging-loki' has 'shipped by python-logging-loki' 1
holds 'lines by the bulk of elasticsearch' has 'shipped by elasticsearch' 50
holds 'lines by SysLogHandler' has 'shipped by SysLogHandler' 2
holds 'lines by winston-loki, snappy and JSON' has 'shipped by winston-loki' 2
holds 'lines by logger' has 'shipped by logger' 2
holds "lines by rsyslog, over syslog and Elasticsearch's bulk" has 'shipped by rsyslog' 40
holds 'nothing was refused' bash -c "! curl -fsS '$OBS_URL/metrics' | grep '^obs_rejected_total' | grep -v ' 0\$'"
[ $failed = 0 ] && echo 'clients of Loki and Elasticsearch, rsyslog, logger: all lines are there'
exit $failed
