#!/usr/bin/env python3
"""Measures what models and queries cost when they compile. Usage:

  tools/compile_time.py [--compiler g++] [--models 1,2,6] [--queries 0,10] [--aggregations 0] [--rounds 3] [--json]
                        [--flags "-O0"] [--include DIR ...]

Writes a translation unit of N models of ten members (each is encoded and decoded), M queries (built on
the first model) and K aggregations (each with a struct of its own for its rows) and compiles it with each
combination; prints wall and CPU time (the best of the rounds) and peak memory, and the increment in CPU time of each
further model, query and aggregation. Needs Linux (getrusage).
"""
import argparse
import json
import os
import pathlib
import shlex
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

MODEL = """
struct Address{i} {{ std::string city; std::optional<std::string> zip; }};
struct Model{i} {{
  quire::ObjectId id;
  std::string email;
  std::string name;
  int age = 0;
  double score{i} = 0;
  bool active = true;
  std::optional<Address{i}> address;
  std::vector<std::string> tags;
  std::vector<std::int64_t> counts;
  quire::DateTime created_at;
}};
quire::bson::Document write{i}(const Model{i}& model) {{ return quire::bson::encode(model); }}
Model{i} read{i}(const quire::bson::Document& document) {{ return quire::bson::decode<Model{i}>(document); }}
"""
QUERIES = [
    "field<&Model0::age> >= {n}",
    "field<&Model0::email> == \"user{n}\"",
    "field<&Model0::age> > {n} && field<&Model0::active> == true",
    "field<&Model0::address, &Address0::city> == \"city{n}\"",
    "field<&Model0::tags> == \"tag{n}\"",
    "field<&Model0::score0> < {n}.5 || field<&Model0::age> == {n}",
    "field<&Model0::name>.in(\"a\", \"b{n}\")",
    "!(field<&Model0::age> < {n})",
    "field<&Model0::counts> == {n}",
    "field<&Model0::created_at> < quire::DateTime{{}} && field<&Model0::email> != \"x{n}\"",
]
# The row's struct is Row{n} {std::string id; double mean; std::int64_t n;}.
ROW = "struct Row{n} {{ std::string id; double mean = 0; std::int64_t n = 0; }};\n"
AGGREGATIONS = [
    "match(field<&Model0::age> > {n}).group<Row{n}>(field<&Model0::name>, into<&Row{n}::mean>(avg(field<&Model0::age>)), "
    "into<&Row{n}::n>(count())).sort(field<&Row{n}::n>.desc())",
    "project<Row{n}>(into<&Row{n}::id>(field<&Model0::email>), into<&Row{n}::mean>(field<&Model0::age> * 2.5), "
    "into<&Row{n}::n>(field<&Model0::age> + {n}))",
    "group<Row{n}>(field<&Model0::address, &Address0::city>, into<&Row{n}::n>(sum(field<&Model0::age>)), "
    "into<&Row{n}::mean>(max(field<&Model0::score0>))).match(field<&Row{n}::mean> > {n})",
]


def source(models, queries, aggregations=0):
    text = "#include \"quire/bson/decode.hpp\"\n#include \"quire/bson/encode.hpp\"\n"
    if aggregations:
        text += "#include \"quire/collection/collection.hpp\"\nusing namespace quire::query;\n"
    elif queries:
        text += "#include \"quire/query/path.hpp\"\nusing quire::query::field;\n"
    text += "".join(MODEL.format(i=i) for i in range(models))
    for n in range(queries):
        text += f"auto query{n}() {{ return {QUERIES[n % len(QUERIES)].format(n=n)}; }}\n"
    for n in range(aggregations):
        text += ROW.format(n=n) + (
            f"std::vector<Row{n}> rows{n}(const quire::Collection<Model0>& models) {{\n"
            f"  return models.aggregate().{AGGREGATIONS[n % len(AGGREGATIONS)].format(n=n)}.to_vector();\n}}\n")
    return text


def measure(compiler, flags, includes, text, rounds):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "unit.cpp"
        file.write_text(text, encoding="utf-8")
        command = [compiler, "-std=c++20", *flags]
        for include in includes:
            command += ["-I", str(include)]
        command += ["-c", str(file), "-o", str(file.with_suffix(".o"))]
        best, best_cpu, peak = None, None, 0
        for _ in range(rounds):
            begin = time.monotonic()
            child = os.spawnvp(os.P_NOWAIT, command[0], command)
            _, status, usage = os.wait4(child, 0)
            seconds = time.monotonic() - begin
            if status != 0:
                raise SystemExit("does not compile: " + shlex.join(command))
            cpu = usage.ru_utime + usage.ru_stime
            best = seconds if best is None else min(best, seconds)
            best_cpu = cpu if best_cpu is None else min(best_cpu, cpu)
            peak = max(peak, usage.ru_maxrss // 1024)
        return best, best_cpu, peak


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--models", default="0,1,6")
    parser.add_argument("--queries", default="0,10,20")
    parser.add_argument("--aggregations", default="0")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flags", default="-O0")
    parser.add_argument("--include", action="append", default=[str(ROOT / "include")])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    flags = shlex.split(options.flags)
    cells = {}
    combinations = [(m, q, a) for m in map(int, options.models.split(",")) for q in map(int, options.queries.split(","))
                    for a in map(int, options.aggregations.split(",")) if m or not (q or a)]
    for models, queries, aggregations in combinations:
        text = source(models, queries, aggregations)
        seconds, cpu, peak = measure(options.compiler, flags, options.include, text, options.rounds)
        cells[models, queries, aggregations] = cpu
        row = {"compiler": options.compiler, "flags": options.flags, "models": models, "queries": queries,
               "aggregations": aggregations, "seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3), "peak_mib": peak}
        print(json.dumps(row) if options.json else
              f"{options.compiler} {options.flags}: {models:3} models, {queries:3} queries, {aggregations:3} aggregations: "
              f"{seconds:6.3f} s wall, {cpu:6.3f} s CPU, {peak:4} MiB", flush=True)
    for axis, name in ((0, "model"), (1, "query"), (2, "aggregation")):
        for (a, seconds_a) in cells.items():
            for (b, seconds_b) in cells.items():
                step = b[axis] - a[axis]
                others = [i for i in range(3) if i != axis]
                if step > 0 and a[0] > 0 and all(a[i] == b[i] for i in others):
                    per = (seconds_b - seconds_a) / step * 1000
                    row = {"increment": name, "from": a, "to": b, "ms": round(per, 1)}
                    print(json.dumps(row) if options.json else
                          f"a further {name} ({a[axis]} to {b[axis]}): {per:.1f} ms")


if __name__ == "__main__":
    main()
