#!/usr/bin/env bash
# The long forms of what scripts/test.sh runs in slices. Takes about two hours with the defaults.
# QUIRE_DIFFERENTIAL_URI names another server for the random commands (docs/differential-testing.md).
# Usage: scripts/soak.sh [--no-install] [--fuzz SECONDS_EACH] [--kills N] [--flips N] [--clients SECONDS] [--rows N] [--differential N]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
install=1 fuzz=600 kills=500 flips=1000 rows=1000000 clients=600 differential=1000000
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install=0 ;;
    --fuzz) fuzz=${2:?}; shift ;;
    --kills) kills=${2:?}; shift ;;
    --flips) flips=${2:?}; shift ;;
    --clients) clients=${2:?}; shift ;;
    --rows) rows=${2:?}; shift ;;
    --differential) differential=${2:?}; shift ;;
    *) echo "soak.sh: unknown option $1; see the head of this file" >&2; exit 2 ;;
  esac
  shift
done
[ "$install" = 1 ] && scripts/install_deps.sh test
build=build/soak
cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
cmake --build "$build" -j "$jobs"
export QUIRE_BUILD_DIR=$PWD/$build
printf '\n== Kill -9 at random, %s times: two programs insert, update, run transactions, build indexes\n' "$kills"
scripts/kill_loop.sh $(((kills + 1) / 2))
printf '\n== Kill -9 at random, %s times: migrations\n' "$kills"
scripts/kill_loop_migrations.sh "$kills"
printf '\n== Migrations: interrupted at every call, stopped holders, 50 rounds of 16 starts, a disk that is full at each request\n'
migrations() { QUIRE_MIGRATION_SOAK=$1 MONGOC_DISABLE_SHM=1 "$build/tests/migrate/test_migrate" --gtest_filter='Matrix.*:KeptMatrix.*:Drain.*:ManyStarts.*:Faults.*:Rights.*:ServerKill.*:Steps.LargeCollections*:Batches.ALargeCollection*'; }
migrations 1
printf '\n== Imports: killed at every boundary of a chunk and 200 times at random, their source started again\n'
imports() { QUIRE_IMPORT_SOAK=$1 MONGOC_DISABLE_SHM=1 "$build/tests/importing/test_importing" --gtest_filter='ImportMatrix.*'; }
# Without PostgreSQL or MariaDB their tests are skipped by name.
tools/databases.py start "$build/databases" >/dev/null
trap 'tools/databases.py stop "$build/databases"' EXIT
export QUIRE_TEST_DATABASES=$PWD/$build/databases/databases.json
imports 1
printf '\n== Losses of power, and a full or broken disk at each request\n'
QUIRE_ROBUSTNESS_ROUNDS=25 "$build/tests/robustness/test_robustness" --gtest_filter='-*Corruption*'
printf '\n== Flipped bits and bytes: %s\n' "$flips"
QUIRE_ROBUSTNESS_ROUNDS=$(((flips + 59) / 60)) "$build/tests/robustness/test_robustness" --gtest_filter='*Corruption*'
printf '\n== 64 clients of quire serve, %s seconds, killed every 20\n' "$clients"
"$build/tools/serve_load" "$build/tools/quire/quire" "$build/serve_load" --clients 64 --seconds "$clients" --kills $((clients / 20))
printf '\n== Large data: %s rows\n' "$rows"
"$build/tools/large_collection" "$rows"
printf '\n== Fuzzing, %s seconds a target\n' "$fuzz"
scripts/fuzz.sh "$fuzz"
printf '\n== Random commands on the embedded store and on SecantusDB: %s\n' "$differential"
tools/servers.py start "$build/servers" >/dev/null
trap 'tools/servers.py stop "$build/servers"; tools/databases.py stop "$build/databases"' EXIT
printf '\n== Migrations on servers: interrupted, and connections lost, at every fifth call, servers killed\n'
# Without a server its tests are skipped by name.
export QUIRE_TEST_SERVERS=$PWD/$build/servers/servers.json
QUIRE_TEST_STORE=standalone migrations 5
QUIRE_TEST_STORE=replica_set migrations 5
printf '\n== Imports into servers: killed at every fifth boundary and 40 times at random, their source started again\n'
tools/databases.py start "$build/databases" >/dev/null  # its keeper ends after two hours
QUIRE_TEST_STORE=standalone imports 5
QUIRE_TEST_STORE=replica_set imports 5
status=0
QUIRE_TEST_SERVERS=$PWD/$build/servers/servers.json "$build/tools/quire_differential" \
  ${QUIRE_DIFFERENTIAL_URI:+--uri "$QUIRE_DIFFERENTIAL_URI"} --seed 1000000 --operations "$differential" \
  --most 1000 --known tools/differential/known_differences.txt || status=$?
# Without a server it says so and is skipped.
[ "$status" = 0 ] || [ "$status" = 77 ]
