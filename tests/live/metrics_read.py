#!/usr/bin/env python3
"""Reads pages of metrics as prometheus_client does, and writes each sample as one line of few forms.

metrics_read.py FILE...           the file's name, how many samples, and the SHA-256 of their sorted lines
metrics_read.py --lines FILE      the lines themselves
metrics_read.py --obs             the same lines of what `obs metrics list -o jsonl` writes, read from standard input
"""
import hashlib
import json
import pathlib
import struct
import sys


def bits(value):
    value = float(value)
    return "NaN" if value != value else struct.pack(">d", value).hex()


def labels(pairs):
    return ",".join(f"{name}={value}" for name, value in sorted(pairs.items()))


def line(name, pairs, value, exemplar):
    words = [name, labels(pairs), bits(value)]
    if exemplar:
        words += [labels(exemplar[0]), bits(exemplar[1])]
    return "\t".join(words).replace("\n", "\\n")


def read(path):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
    from prometheus_client.parser import text_string_to_metric_families as text

    page = pathlib.Path(path).read_text(encoding="utf-8")
    parse = open_metrics if page.rstrip().endswith("# EOF") else text
    for family in parse(page):
        for sample in family.samples:
            exemplar = sample.exemplar and (sample.exemplar.labels, sample.exemplar.value)
            yield line(sample.name, sample.labels, sample.value, exemplar)


def written(lines):
    for one in map(json.loads, lines):
        exemplar = one["exemplar"] and (one["exemplar"]["labels"], one["exemplar"]["value"])
        yield line(one["name"], one["labels"], one["value"], exemplar)


if sys.argv[1] == "--obs":
    print("\n".join(sorted(written(sys.stdin))))
elif sys.argv[1] == "--lines":
    print("\n".join(sorted(read(sys.argv[2]))))
else:
    for path in sys.argv[1:]:
        lines = sorted(read(path), key=lambda line: line.encode())
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        print(pathlib.Path(path).name, len(lines), digest, sep="\t")
