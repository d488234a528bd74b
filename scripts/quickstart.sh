#!/usr/bin/env bash
# Builds quire and runs the tour: world-wide country, language and subdivision records loaded, migrated and queried on an
# embedded file. Usage: scripts/quickstart.sh [--no-install] [--database URI]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
install=1
database=
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install=0 ;;
    --database) database=${2:?--database needs a URI}; shift ;;
    *) echo "quickstart.sh: unknown option $1; see the head of this file" >&2; exit 2 ;;
  esac
  shift
done
[ "$install" = 1 ] && scripts/install_deps.sh build

build=build/quickstart
cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O1 -DCMAKE_CXX_FLAGS_DEBUG=-g1 -DQUIRE_BUILD_TESTS=OFF >/dev/null
cmake --build "$build" --target tour

if [ -z "$database" ]; then
  database=$build/tour.quire
  rm -f "$database" "$database-wal" "$database-shm"
fi
printf '\n== First start: the data is loaded and brought into shape\n\n'
"$build/examples/tour" --database "$database"
printf '\n== Second start: nothing to migrate\n\n'
"$build/examples/tour" --database "$database"
printf '\nThe database is %s; the program is examples/tour. Next: docs/getting-started.md\n' "$database"
