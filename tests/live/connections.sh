#!/usr/bin/env bash
# Ten thousand connections at a time, half of which say nothing and half of which drip: the backend goes on to answer,
# stores what is sent meanwhile, does not grow beyond its bound, and is itself again when they have gone.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
count=${CONNECTIONS:-10000}
if ! command -v python3 >/dev/null; then echo 'skipped: no python3'; exit 0; fi
# Both ends are on this machine; each process has its own limit.
# Some 300 open files of each side are no connections.
if ! ulimit -Sn $((count + 300)) 2>/dev/null; then
  count=$(($(ulimit -Hn) - 300))
  ulimit -Sn "$(ulimit -Hn)"
  echo "only $count connections: the system allows no more open files"
fi
folder=$(mktemp -d)
trap 'kill -9 "$backend" 2>/dev/null || true; rm -rf "$folder"' EXIT
# The backend starts with the usual limit and raises it itself.
(ulimit -Sn 1024; HOME=$folder exec "$obs" serve --port 0 --store "$folder/store.sqlite" \
  --ready-file "$folder/ready.json" --quiet) &
backend=$!
for _ in $(seq 200); do [ -f "$folder/ready.json" ] && break; sleep 0.05; done
url=$(jq -r .url "$folder/ready.json")

python3 - "$url" "$count" "$backend" <<'PYTHON'
import asyncio, re, sys, time, urllib.parse

url, count, pid = urllib.parse.urlparse(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def rss():
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) // 1024

async def ask(method, path, body=b""):
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ")[1]), time.monotonic() - began

async def main():
    before = rss()
    held, slots = [], asyncio.Semaphore(100)

    async def hold(number):
        async with slots:
            for attempt in range(20):
                try:
                    pair = await asyncio.open_connection(url.hostname, url.port)
                    break
                except OSError:
                    await asyncio.sleep(0.1)
            else:
                raise SystemExit("a connection was not taken")
            if number % 2:
                pair[1].write(b"POST /logs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhal")
            held.append(pair)

    # The slots are freed as soon as a connection stands.
    await asyncio.gather(*(hold(number) for number in range(count)))
    slowest = 0
    for number in range(50):
        status, took = await ask("GET", "/healthz")
        assert status == 200, f"/healthz is {status}"
        stored, late = await ask("POST", "/logs", f"line {number}".encode())
        assert stored == 200, f"/logs is {stored}"
        slowest = max(slowest, took, late)
    full = rss()
    for _, writer in held:
        writer.transport.abort()
    status, _ = await ask("GET", "/healthz")
    assert status == 200
    print(f"{len(held)} connections: slowest answer {slowest * 1000:.0f} ms, {before} MiB before, {full} MiB with them")
    assert full - before < 400, "more than 40 KiB a connection"

asyncio.run(main())
PYTHON
[ "$(sqlite3 "$folder/store.sqlite" 'select count(*) from logs')" = 50 ]
kill "$backend"
wait "$backend"
echo 'all 50 lines that were sent meanwhile are stored'
