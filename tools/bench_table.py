#!/usr/bin/env python3
"""Runs the benchmark programs and prints a table: each operation, each contender, ratio to the baseline of the same run.

Names are WORKLOAD/OPERATION/CONTENDER. The baseline of an operation is the contender whose name begins with "baseline";
the ratio is time of contender / time of baseline, the median over rounds of the ratio within a round, since machines drift.
Usage: bench_table.py --build DIR [--filter REGEX] [--rounds N] [--json FILE]
"""
import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, type=pathlib.Path)
parser.add_argument("--filter", default=".")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--json", type=pathlib.Path)
options = parser.parse_args()

NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
rounds = collections.defaultdict(list)  # (workload, operation, contender) -> [ns per item]
memory = collections.defaultdict(list)  # the same -> [MiB], of programs that measure it
programs = sorted(p for p in (options.build / "benchmarks").glob("bench_*") if p.is_file() and p.stat().st_mode & 0o111)
if not programs:
    sys.exit(f"no benchmark programs in {options.build}/benchmarks")
for number in range(options.rounds):
    for program in programs:
        run = subprocess.run([program, f"--benchmark_filter={options.filter}", "--benchmark_format=json"],
                             capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"{program.name} failed:\n{run.stderr}")
        if not run.stdout.strip().startswith("{"):
            continue  # nothing of it passes the filter
        for entry in json.loads(run.stdout)["benchmarks"]:
            if entry.get("error_occurred"):
                sys.exit(f"{program.name}: {entry['name']}: {entry.get('error_message')}")
            parts = entry["name"].split("/")
            if len(parts) < 3:
                continue
            if "items_per_second" in entry:
                value = 1e9 / entry["items_per_second"]
            else:
                value = entry["real_time"] * NS[entry["time_unit"]]
            rounds[tuple(parts[:3])].append(value)
            if "all_mib" in entry:
                memory[tuple(parts[:3])].append((entry["own_mib"], entry["all_mib"]))

baselines = {key[:2]: key for key in rounds if key[2].startswith("baseline")}
json_path = options.json or options.build / "results.jsonl"
json_path.parent.mkdir(parents=True, exist_ok=True)
width = max(len("/".join(key)) for key in rounds) if rounds else 20
print(f"{'benchmark':<{width}}  {'ns per item':>14}  {'items/s':>12}  ratio to baseline")
with open(json_path, "w", encoding="utf-8") as out:
    for key, values in sorted(rounds.items(), key=lambda item: (item[0][0], item[0][1], not item[0][2].startswith("baseline"), item[0][2])):
        median = statistics.median(values)
        base = baselines.get(key[:2])
        ratio = statistics.median(a / b for a, b in zip(values, rounds[base])) if base else None
        own, whole = (max(column) for column in zip(*memory[key])) if key in memory else (None, None)
        mib = "" if own is None else f"  own {own:.0f} MiB, with mapped files {whole:.0f}"
        print(f"{'/'.join(key):<{width}}  {median:>14,.1f}  {1e9 / median:>12,.0f}  {'' if ratio is None else f'{ratio:.2f}'}{mib}")
        line = {"benchmark": "/".join(key[:2]), "contender": key[2], "metric": "time", "value": round(median, 2), "unit": "ns/item"}
        if ratio is not None:
            line["ratio_to_baseline"] = round(ratio, 3)
        out.write(json.dumps(line) + "\n")
        if own is not None:
            out.write(json.dumps({"benchmark": "/".join(key[:2]), "contender": key[2], "metric": "peak_rss", "value": whole,
                                  "unit": "MiB", "own": own}) + "\n")
print(f"\nJSON lines: {json_path}")
