#!/usr/bin/env bash
# Kills two programs that write to one file with -9, in N rounds, while they insert, update, remove, move money in
# transactions and build indexes; after each round check() must be clean and everything acknowledged must be there.
# Usage: scripts/kill_loop.sh N [SEED] [PROCESSES]    QUIRE_BUILD_DIR: where it was built (default build/test)
set -euo pipefail
cd "$(dirname "$0")/.."
build=${QUIRE_BUILD_DIR:-build/test}
exec python3 tools/kill_loop.py --writer "$build/tools/crash_writer" --rounds "${1:?usage: kill_loop.sh N [SEED] [PROCESSES]}" \
  --seed "${2:-1}" --processes "${3:-2}" --fresh 25
