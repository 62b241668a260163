#!/usr/bin/env bash
# Pages, certificates, names and plugins as real programs have them: nginx with every certificate that goes wrong, a login
# page, a body of 1 GiB, ports that reset or speak the other protocol, and plugins of Nagios; each with its own reason and
# hint. Installs nginx-light, monitoring-plugins-basic and jq where they are missing. Needs openssl and python3.
set -euo pipefail
obs=$(realpath "${OBS:-$PWD/target/release/obs}")
missing=()
for tool in openssl jq python3; do command -v "$tool" >/dev/null || missing+=("$tool"); done
[ -x /usr/sbin/nginx ] || missing+=(nginx-light)
[ -x /usr/lib/nagios/plugins/check_disk ] || missing+=(monitoring-plugins-basic)
if ((${#missing[@]})); then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
dir=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap cleanup EXIT
cd "$dir"
unset XDG_STATE_HOME XDG_CONFIG_HOME XDG_DATA_HOME OBS_URL OBS_CONFIG OBS_ENV OBS_NOW http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export HOME=$dir SSL_CERT_FILE=$dir/root.pem
unset SSL_CERT_DIR
mkdir -p .config/obs www tmp

# An authority, one in between, and servers' certificates.
{
  cat >ca.cnf <<'CNF'
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
CNF
  : >index.txt; echo 1000 >serial
  printf '%s\n' 'basicConstraints=critical,CA:TRUE' 'keyUsage=keyCertSign,cRLSign' >ca.ext
  printf '%s\n' 'basicConstraints=CA:FALSE' 'subjectAltName=DNS:localhost,IP:127.0.0.1' >leaf.ext
  printf '%s\n' 'basicConstraints=CA:FALSE' 'subjectAltName=DNS:other.example' >name.ext
  request() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"; }
  sign() { openssl ca -batch -notext -config ca.cnf -in "$1.csr" -out "$2.pem" -extfile "$3.ext" -startdate "$4" -enddate "$5" "${@:6}"; }
  at() { date -u -d "$1" +%Y%m%d%H%M%SZ; }
  request root 'Live Root'; request between 'Live Issuing'; request leaf localhost
  sign root root ca "$(at '-2 days')" "$(at '+3650 days')" -selfsign -keyfile root.key
  below=(-cert root.pem -keyfile root.key)
  sign between between ca "$(at '-2 days')" "$(at '+1000 days')" "${below[@]}"
  below=(-cert between.pem -keyfile between.key)
  sign leaf good leaf "$(at '-1 day')" "$(at '+90 days')" "${below[@]}"
  sign leaf expired leaf "$(at '-9 days')" "$(at '-3 days')" "${below[@]}"
  sign leaf soon leaf "$(at '-9 days')" "$(at '+10 days')" "${below[@]}"
  sign leaf future leaf "$(at '+3 days')" "$(at '+90 days')" "${below[@]}"
  sign leaf name name "$(at '-1 day')" "$(at '+90 days')" "${below[@]}"
  sign leaf self leaf "$(at '-1 day')" "$(at '+90 days')" -selfsign -keyfile leaf.key
} 2>openssl.log || { cat openssl.log; exit 1; }
for name in good expired soon future name; do cat "$name.pem" between.pem >"$name-chain.pem"; done
cp good.pem incomplete-chain.pem
cp self.pem self-chain.pem
cat good.pem root.pem between.pem >order-chain.pem
cp good-chain.pem untrusted-chain.pem

# Ports that are free now; a server that cannot have its own ends the test.
mapfile -t ports < <(python3 - <<'PYTHON'
import socket
all = [socket.socket() for _ in range(12)]
for one in all: one.bind(("127.0.0.1", 0))
print("\n".join(str(one.getsockname()[1]) for one in all))
PYTHON
)
names=(good expired soon future name self incomplete order)
printf '<html><title>Login</title><form><input type="password"></form></html>' >www/login.html
printf '{"status":"UP","queue":{"depth":7}}' >www/health.json
truncate -s 1G www/huge.txt
plain=${ports[8]}
{
  echo "daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/nginx.log;"
  echo 'events { worker_connections 64; }'
  echo 'http { access_log off; default_type text/plain; types { text/html html; application/json json; }'
  for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $dir/tmp/$kind;"; done
  for place in "${!names[@]}"; do
    echo "server { listen 127.0.0.1:${ports[place]} ssl; root $dir/www; ssl_certificate $dir/${names[place]}-chain.pem; ssl_certificate_key $dir/leaf.key; }"
  done
  echo "server { listen 127.0.0.1:$plain; root $dir/www;"
  echo '  location = /metrics { try_files /login.html =404; }'
  echo "  location = /a { return 302 http://127.0.0.1:$plain/b; }"
  echo "  location = /b { return 302 http://127.0.0.1:$plain/a; }"
  echo '} }'
} >nginx.conf
/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" 2>nginx.err & pids+=($!)
reset=${ports[9]}
python3 - "$reset" <<'PYTHON' & pids+=($!)
import socket, struct, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
while True:
    one, _ = server.accept()
    # Closing with a linger of nothing is a reset.
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.recv(1)
    one.close()
PYTHON
for port in "$plain" "$reset"; do
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.05; done
done

config=.config/obs/config.toml
: >"$config"
add() { printf "[[check]]\nid = '%s'\nkind = '%s'\n%s\n" "$1" "$2" "${3:-}" >>"$config"; }
for place in "${!names[@]}"; do add "tls-${names[place]}" tls "target = 'localhost:${ports[place]}'"; done
for place in 0 1 5 6; do
  add "https-${names[place]}" http "target = 'https://localhost:${ports[place]}/health.json'"
done
add json http "target = 'http://127.0.0.1:$plain/health.json'
json = ['\$.status == \"UP\"', '\$.queue.depth < 10']"
add json-bad http "target = 'http://127.0.0.1:$plain/health.json'
json = '\$.queue.depth < 5'"
add head http "target = 'http://127.0.0.1:$plain/huge.txt'
method = 'HEAD'"
add login metrics "target = 'http://127.0.0.1:$plain/metrics'
window = '50ms'"
add huge http "target = 'http://127.0.0.1:$plain/huge.txt'"
add huge-metrics metrics "target = 'http://127.0.0.1:$plain/huge.txt'
window = '50ms'"
add loop http "target = 'http://127.0.0.1:$plain/a'"
add absent http "target = 'http://127.0.0.1:$plain/nothing'"
add reset http "target = 'http://127.0.0.1:$reset/'"
add refused http "target = 'http://127.0.0.1:${ports[10]}/'"
add no-name http "target = 'http://no-such-host.invalid/'"
add plain-as-tls http "target = 'https://127.0.0.1:$plain/health.json'"
add plain-as-tls-check tls "target = '127.0.0.1:$plain'"
add tls-as-plain http "target = 'http://localhost:${ports[0]}/health.json'"
add dns dns "target = 'localhost'"
add dns-bad dns "target = 'no-such-host.invalid'
timeout = '3s'"
add disk disk "target = '$dir'
warn = ['disk > 100%']
fail = []"
add plugin-disk exec "command = ['/usr/lib/nagios/plugins/check_disk', '-w', '0%', '-c', '0%', '-p', '$dir']"
add plugin-http exec "command = ['/usr/lib/nagios/plugins/check_http', '-H', '127.0.0.1', '-p', '$plain', '-u', '/health.json']"
add plugin-refused exec "command = ['/usr/lib/nagios/plugins/check_tcp', '-H', '127.0.0.1', '-p', '${ports[10]}']"
add plugin-usage exec "command = ['/usr/lib/nagios/plugins/check_tcp', '--no-such-option']"
add plugin-hangs exec "command = ['/bin/sh', '-c', 'tail -f /dev/null & echo \$! > $dir/hangs; wait']
timeout = '500ms'"
add plugin-floods exec "command = ['/usr/bin/yes', 'OK']
timeout = '500ms'"
"$obs" check -o json --deadline 20s --timeout 5s >report.json 2>errors.txt || [ $? = 1 ] || { cat errors.txt; exit 1; }

# Says what one check found, and ends with 1 when that is not what is expected.
is() {
  local found
  found=$(jq -r --arg id "$1" '.checks[] | select(.id == $id) |
    ([., .children[]] | map(select(.hint)) | length > 0) as $hint |
    "\(.status) \(.reason) \(if .status == "ok" then "-" elif $hint then "hint" else "no hint" end)"' report.json)
  if [ "$found" != "$2" ]; then
    echo "$1: found '$found', expected '$2'"
    jq --arg id "$1" '.checks[] | select(.id == $id)' report.json
    exit 1
  fi
  printf '%-20s %s\n' "$1" "$found"
}
is tls-good 'ok null -'
is tls-expired 'fail tls_expired hint'
is tls-soon 'warn tls_expired hint'
is tls-future 'fail tls_not_yet_valid hint'
is tls-name 'fail tls_name hint'
is tls-self 'fail tls_self_signed hint'
is tls-incomplete 'fail tls_issuer_missing hint'
is tls-order 'warn tls_order hint'
is https-good 'ok null -'
is https-expired 'fail tls_expired hint'
is https-self 'fail tls_self_signed hint'
is https-incomplete 'fail tls_issuer_missing hint'
is json 'ok null -'
is json-bad 'fail body_mismatch hint'
is head 'ok null -'
is login 'fail auth_failed hint'
is huge 'unknown too_large hint'
is huge-metrics 'unknown too_large hint'
is loop 'fail redirect_loop hint'
is absent 'fail not_found hint'
is reset 'fail reset hint'
is refused 'fail refused hint'
is no-name 'fail dns_nxdomain hint'
is plain-as-tls 'fail tls_missing hint'
is plain-as-tls-check 'fail tls_missing hint'
is tls-as-plain 'fail tls_required hint'
is dns 'ok null -'
is disk 'ok null -'
is plugin-disk 'ok null -'
is plugin-http 'ok null -'
is plugin-refused 'fail status hint'
is plugin-usage 'unknown status hint'
is plugin-hangs 'fail timeout hint'
is plugin-floods 'fail timeout hint'
# No resolver has to be there for a name to be bad: without one it is silent.
jq -e '.checks[] | select(.id == "dns-bad") | .status == "fail" and (.reason | startswith("dns_") or . == "refused")' report.json >/dev/null ||
  { jq '.checks[] | select(.id == "dns-bad")' report.json; exit 1; }
echo 'dns-bad              fail, with a reason of its own'
jq -e '.checks[] | select(.id == "plugin-http") | .observed | map(.name) | contains(["time", "size"])' report.json >/dev/null ||
  { echo 'no measured values of check_http'; exit 1; }
echo 'plugin-http          its time and size are observed'
jq -e '.checks[] | select(.id == "json") | .phases | map(.name) == ["connect", "answer", "body"]' report.json >/dev/null ||
  { jq '.checks[] | select(.id == "json") | .phases' report.json; exit 1; }
echo 'json                 connect, answer and body are timed apart'
if [ -s hangs ] && grep -qv ' [ZX] ' "/proc/$(cat hangs)/stat" 2>/dev/null; then echo 'the child of a killed plugin still runs'; exit 1; fi
echo 'plugin-hangs         is killed with its child'
late=$(jq '[.checks[] | select(.kind != "metrics") | select(.duration_ms > 5500)] | length' report.json)
[ "$late" = 0 ] || { echo "$late checks took longer than their timeout"; exit 1; }
echo 'no check took longer than its timeout'
