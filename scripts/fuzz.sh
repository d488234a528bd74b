#!/usr/bin/env bash
# Fuzzes each target of tests/fuzz with libFuzzer and both sanitizers; needs clang++-19.
# Usage: scripts/fuzz.sh SECONDS_EACH [TARGET...]   (a target: fuzz_json or json; default: all)
# Corpora stay in build/fuzz/corpus and go on from run to run; findings are in build/fuzz/findings.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
seconds=${1:?fuzz.sh: give the seconds for each target}
shift
compiler=${CXX:-clang++-19}
command -v "$compiler" >/dev/null || { echo "fuzz.sh: $compiler is not installed (packages clang-19, libclang-rt-19-dev)" >&2; exit 2; }
build=build/fuzz
cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DQUIRE_BUILD_FUZZERS=ON -DQUIRE_BUILD_EXAMPLES=OFF -DQUIRE_BUILD_BENCHMARKS=OFF >/dev/null
targets=()
for name in "$@"; do targets+=("fuzz_${name#fuzz_}"); done
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.cpp; do targets+=("$(basename "$source" .cpp)"); done
fi
cmake --build "$build" -j "$jobs" --target "${targets[@]}" >"$build/build.log" 2>&1 || { tail -n 40 "$build/build.log" >&2; exit 1; }

# As many at a time as there are cores.
one() {
  local target=$1 corpus=$build/corpus/$1 findings=$build/findings/$1 log=$build/$1.log
  mkdir -p "$corpus" "$findings"
  QUIRE_FUZZ_WRITE_SEEDS=$corpus "$build/tests/fuzz/$target"
  "$build/tests/fuzz/$target" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix="$findings/" >"$log" 2>&1 || true
}
export -f one
export build seconds
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'set -eu; one {}'

found=0
printf '%-24s %14s %10s %9s %9s\n' target executions 'per second' corpus findings
for target in "${targets[@]}"; do
  log=$build/$target.log
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log" | tail -n 1)
  count=$(find "$build/findings/$target" -type f | wc -l)
  printf '%-24s %14s %10s %9s %9s\n' "$target" "${runs:-?}" "${rate:-?}" "$(find "$build/corpus/$target" -type f | wc -l)" "$count"
  if [ -z "$runs" ] || [ "$count" -ne 0 ]; then
    found=1
    grep -E -m 3 'ERROR|SUMMARY|not so' "$log" || tail -n 5 "$log"
  fi
done
[ "$found" = 0 ] || { echo "fuzz.sh: findings in $build/findings, logs in $build/*.log; replay with the target and the file" >&2; exit 1; }
