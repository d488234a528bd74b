#!/usr/bin/env bash
# Builds optimised and runs the benchmarks; each has a baseline measured in the same run.
# Prints a table, and JSON lines {benchmark, metric, value, unit} to build/bench/results.jsonl.
# Those of the MongoDB store run on $QUIRE_BENCH_MONGODB_URI, else on a secantusd-rs of the script's own where that is on the PATH.
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
if [ -z "${QUIRE_BENCH_MONGODB_URI:-}" ] && command -v secantusd-rs >/dev/null; then
  folder=$(mktemp -d)
  secantusd-rs --host 127.0.0.1 --port 0 --storage-path "$folder/data" --cache-size 256M --log-level ERROR >"$folder/log" 2>&1 </dev/null &
  server=$!
  trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
  port=
  for _ in $(seq 100); do
    port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$folder/log")
    [ -n "$port" ] && break
    sleep 0.1
  done
  [ -n "$port" ] || { echo "bench.sh: secantusd-rs does not listen after 10 s:" >&2; cat "$folder/log" >&2; exit 1; }
  export QUIRE_BENCH_MONGODB_URI=mongodb://127.0.0.1:$port/
fi
[ -n "${QUIRE_BENCH_MONGODB_URI:-}" ] || echo "bench.sh: no server: the benchmarks of the MongoDB store are left out" >&2
python3 tools/bench_table.py --build "$build" --filter "$filter"
