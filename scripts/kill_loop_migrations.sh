#!/usr/bin/env bash
# Kills a program N times with -9 while it migrates; after each kill every document was worked on exactly once, and the
# next start goes on where the last one died. Usage: scripts/kill_loop_migrations.sh N [SEED]
# QUIRE_BUILD_DIR: where it was built (default build/test)
set -euo pipefail
cd "$(dirname "$0")/.."
build=${QUIRE_BUILD_DIR:-build/test}
exec python3 tools/kill_loop.py --writer "$build/tools/crash_migrator" --rounds "${1:?usage: kill_loop_migrations.sh N [SEED]}" --seed "${2:-1}"
