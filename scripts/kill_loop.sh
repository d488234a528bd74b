#!/usr/bin/env bash
# Kills a program N times with -9 while it inserts, updates, removes, moves money in transactions and builds indexes;
# after each kill check() must be clean and everything acknowledged must be there.
# Usage: scripts/kill_loop.sh N [SEED]    QUIRE_BUILD_DIR: where it was built (default build/test)
set -euo pipefail
cd "$(dirname "$0")/.."
build=${QUIRE_BUILD_DIR:-build/test}
exec python3 tools/kill_loop.py --writer "$build/tools/crash_writer" --rounds "${1:?usage: kill_loop.sh N [SEED]}" --seed "${2:-1}"
