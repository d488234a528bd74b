#!/usr/bin/env bash
# Feeds case files of MongoDB's answers to the embedded store's commands; prints for each file and operator what passed, failed
# and was refused as unsupported, and ends in "N passed, M failed, R refused".
# Usage: scripts/spec.sh [--failures] [--refusals] [--op NAME] [--id TEXT] [-j N] [--known LIST] PATH...   PATH: a case file or a folder of them
#        scripts/spec.sh --unified [--uri URI | --server NAME] [--failures] [--skips] [--test TEXT] PATH...   driver tests on a store
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1:-}" = --unified ]; then
  shift
  arguments=()
  for argument in "$@"; do
    if [ -e "$argument" ]; then argument=$(realpath "$argument"); fi
    arguments+=("$argument")
  done
  cd "$here"
  . scripts/common.sh
  build=${QUIRE_SPEC_BUILD:-build/spec}
  cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DQUIRE_BUILD_EXAMPLES=OFF >/dev/null
  cmake --build "$build" --target quire_unified -j "$jobs" >&2
  lists=(--deviations tools/unified_runner/embedded_differences.txt)
  case " ${arguments[*]} " in
    *" --server "* | *" mongodb"*)
      lists=(--deviations tools/unified_runner/known_server_deviations.txt
        --deviations tools/unified_runner/known_driver_limits.txt) ;;
  esac
  exec "$build/tools/quire_unified" "${lists[@]}" "${arguments[@]}"
fi
arguments=()
paths=0
while [ $# -gt 0 ]; do
  case "$1" in
    --op | --id | -j) arguments+=("$1" "$2"); shift ;;
    --known) arguments+=("$1" "$(realpath "$2")"); shift ;;
    -*) arguments+=("$1") ;;
    *)
      paths=1
      if [ -d "$1" ]; then
        for file in "$1"/*.jsonl; do arguments+=("$(realpath "$file")"); done
      else
        arguments+=("$(realpath "$1")")
      fi
      ;;
  esac
  shift
done
if [ "$paths" = 0 ]; then sed -n '2,5s/^# //p' "$0" >&2; exit 2; fi
cd "$here"
. scripts/common.sh
build=${QUIRE_SPEC_BUILD:-build/spec}
cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DQUIRE_BUILD_EXAMPLES=OFF >/dev/null
cmake --build "$build" --target quire_spec -j "$jobs" >&2
exec "$build/tools/quire_spec" -j "$jobs" "${arguments[@]}"
