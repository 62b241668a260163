#!/usr/bin/env bash
# A writer of 50,000 lines a second that rotates in every way, followed by `obs logs -f`: no line is lost or doubled. Then
# the time from a line's being written to its being shown, the median of 300. Needs python3. SECONDS_LONG=60 is longer.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs} python3 - "${SECONDS_LONG:-20}" <<'PYTHON'
import os, shutil, statistics, subprocess, sys, tempfile, time
obs, seconds = os.environ["obs"], int(sys.argv[1])
folder = tempfile.mkdtemp()
log = os.path.join(folder, "app.log")
part = lambda number: f"{log}.{number}"

def shift():
    count = 1
    while os.path.exists(part(count)): count += 1
    for number in range(count - 1, 0, -1): os.rename(part(number), part(number + 1))

def follow(shown):
    open(log, "w").close()
    # The folder of a private home: nothing that this machine has configured is read.
    return subprocess.Popen([obs, "logs", "-f", log, "-o", "raw"], stdout=shown, env={"HOME": folder})

shown = os.path.join(folder, "shown")
with open(shown, "wb") as out:
    child = follow(out)
    time.sleep(0.5)
    written, started, file = 0, time.monotonic(), open(log, "ab", buffering=0)
    total = seconds * 50_000
    while written < total:
        for _ in range(250):
            file.write(b'{"time":"2026-11-22T06:30:00Z","level":"info","msg":"one stamp","n":%d}\n' % written)
            written += 1
        way = written // 250 % 80
        if way == 10:      # by rename; the writer goes on in the old file for a while
            shift(); os.rename(log, part(1))
            for _ in range(20):
                file.write(b'{"time":"2026-11-22T06:30:00Z","level":"info","msg":"after rename","n":%d}\n' % written)
                written += 1
            file = open(log, "ab", buffering=0)
        elif way == 30:    # by copy and truncation
            shift(); shutil.copyfile(log, part(1)); os.truncate(log, 0)
        elif way == 50:    # by deletion, once it was shown: what is deleted before it is read is gone for everybody
            last = b'"n":%d}' % (written - 1)
            deadline = time.monotonic() + 30
            while last not in open(shown, "rb").read()[-4096:]:
                if time.monotonic() > deadline: sys.exit(f"line {written - 1} is not shown after 30 s")
                time.sleep(0.001)
            os.remove(log); file = open(log, "ab", buffering=0)
        elif way == 70:    # twice in a row
            for _ in range(2):
                shift(); os.rename(log, part(1)); file = open(log, "ab", buffering=0)
                file.write(b'{"time":"2026-11-22T06:30:00Z","level":"info","msg":"twice","n":%d}\n' % written)
                written += 1
        ahead = written / 50_000 - (time.monotonic() - started)
        if ahead > 0: time.sleep(ahead)
    rate = written / (time.monotonic() - started)
    deadline = time.monotonic() + 30
    while open(shown, "rb").read().count(b"\n") < written and time.monotonic() < deadline: time.sleep(0.1)
    child.kill(); child.wait()
numbers = [int(line.rsplit(b":", 1)[1].rstrip(b"}\n")) for line in open(shown, "rb")]
lost, doubled = written - len(set(numbers)), len(numbers) - len(set(numbers))
print(f"{written} lines at {rate:.0f} a second: {lost} lost, {doubled} doubled")
for name in os.listdir(folder):
    if name.startswith("app.log"): os.remove(os.path.join(folder, name))
child = follow(subprocess.PIPE)
time.sleep(0.5)
times, file = [], open(log, "ab", buffering=0)
for number in range(300):
    time.sleep(0.011 + number % 7 / 1000)
    before = time.monotonic()
    file.write(b'{"msg":"latency","n":%d}\n' % number)
    child.stdout.readline()
    times.append((time.monotonic() - before) * 1000)
child.kill(); child.wait()
shutil.rmtree(folder)
median = statistics.median(times)
print(f"from written to shown: {median:.1f} ms median, {max(times):.1f} ms at most")
sys.exit(bool(lost or doubled or median > 5))
PYTHON
