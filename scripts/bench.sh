#!/usr/bin/env bash
# Builds optimised and runs the benchmarks; each has a baseline measured in the same run.
# Prints a table, and JSON lines {benchmark, metric, value, unit} to build/bench/results.jsonl.
# Usage: scripts/bench.sh [--no-install] [FILTER]    FILTER: a regular expression over benchmark names
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
install=1
if [ "${1:-}" = --no-install ]; then install=0; shift; fi
filter=${1:-.}
[ "$install" = 1 ] && scripts/install_deps.sh test
build=build/bench
cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O2 -DQUIRE_BUILD_TESTS=OFF -DQUIRE_BUILD_EXAMPLES=OFF -DQUIRE_BUILD_BENCHMARKS=ON >/dev/null
cmake --build "$build" -j "$jobs"
python3 tools/bench_table.py --build "$build" --filter "$filter"
