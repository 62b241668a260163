#!/usr/bin/env bash
# What `obs check` writes for other programs is read by those programs: xmllint, promtool, Python's JSON; a shell takes its
# exit codes for those of a Nagios plug-in, and a watch in a terminal ends with Ctrl-C.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
source tests/live/installed.bash
commands xmllint promtool python3 -- libxml2-utils prometheus python3
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

mkdir "$folder/home"
export HOME=$folder/home
cd "$folder"
python3 -u -c '
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"{\"status\":\"DOWN\",\"components\":{\"d<b & \\\"|\\u001b\":{\"status\":\"DOWN\"}}}"
        self.send_response(503); self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Page)
print(server.server_port); server.serve_forever()' >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
cat >obs.toml <<TOML
[[check]]
id = "api"
kind = "http"
target = "http://127.0.0.1:$(cat port)/health"
[[check]]
id = "port"
kind = "tcp"
target = "127.0.0.1:$(cat port)"
TOML

"$obs" check -o junit >report.xml || true
xmllint --noout report.xml || fail 'xmllint refuses the JUnit report'
[ "$(xmllint --xpath 'count(//failure)' report.xml)" = 2 ] || fail 'the JUnit report has not two failures'
echo 'xmllint reads the JUnit report and finds the failures in it, whatever a component is called'
"$obs" check -o prometheus >metrics.prom || true
promtool check metrics <metrics.prom || fail 'promtool refuses the metrics'
echo 'promtool has nothing to say against the metrics'
"$obs" check -o jsonl >lines.jsonl || true
python3 -c '
import json, sys
lines = [json.loads(line) for line in open("lines.jsonl")]
assert [line["schema"] for line in lines][-1] == "obs.check-summary/1" and len(lines) == 3, lines' \
  || fail 'the lines of JSON are not what they should be'
echo 'every line of -o jsonl is a document'
for expected in 'port 0 OK' 'api 2 CRITICAL' 'none 3 UNKNOWN'; do
  read -r name code word <<<"$expected"
  set +e
  line=$("$obs" check "$name" -o nagios 2>/dev/null)
  got=$?
  set -e
  [ "$got" = "$code" ] && [[ $line == "OBS $word - "* ]] || fail "nagios: $name gives $got, $line"
done
echo 'exit codes and first words are those of a Nagios plug-in'
python3 - "$obs" <<'PYTHON' || fail 'a watch in a terminal'
import os, pty, select, signal, sys, time

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "check", "--watch", "1s"])
seen, end = b"", time.monotonic() + 20
while b"Ctrl-C ends" not in seen and time.monotonic() < end:
    if select.select([terminal], [], [], 0.2)[0]:
        seen += os.read(terminal, 65536)
assert b"api" in seen and b"FAIL" in seen and b"Ctrl-C ends" in seen, seen
os.write(terminal, b"\x03")
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert code == 1, code
PYTHON
echo 'a watch in a terminal shows its rows and ends with Ctrl-C and the last exit code'
