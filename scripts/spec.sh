#!/usr/bin/env bash
# Feeds case files of MongoDB's answers to the embedded store's commands; prints for each file and operator what passed, failed
# and was refused as unsupported, and ends in "N passed, M failed, R refused".
# Usage: scripts/spec.sh [--failures] [--refusals] [--op NAME] [--id TEXT] [-j N] PATH...   PATH: a case file or a folder of them
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
arguments=()
paths=0
while [ $# -gt 0 ]; do
  case "$1" in
    --op | --id | -j) arguments+=("$1" "$2"); shift ;;
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
if [ "$paths" = 0 ]; then sed -n '2,4s/^# //p' "$0" >&2; exit 2; fi
cd "$here"
. scripts/common.sh
build=${QUIRE_SPEC_BUILD:-build/spec}
cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DQUIRE_BUILD_EXAMPLES=OFF >/dev/null
cmake --build "$build" --target quire_spec -j "$jobs" >&2
exec "$build/tools/quire_spec" -j "$jobs" "${arguments[@]}"
