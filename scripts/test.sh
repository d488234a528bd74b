#!/usr/bin/env bash
# Installs what is missing, builds, runs all tests and ends with the runner's summary.
# Usage: scripts/test.sh [--no-install] [--fast]
#   --no-install  packages are managed by somebody else
#   --fast        the tests once, without the sanitizer builds
# The long forms of what runs here in slices (fuzzing, kill loops, large data): scripts/soak.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
install=1
fast=0
for argument in "$@"; do
  case "$argument" in
    --no-install) install=0 ;;
    --fast) fast=1 ;;
    *) echo "test.sh: unknown option $argument; see the head of this file" >&2; exit 2 ;;
  esac
done
if [ "$install" = 1 ]; then
  scripts/install_deps.sh test
  . scripts/common.sh
fi

export CTEST_OUTPUT_ON_FAILURE=1
# Programs whose output is compared: libmongoc warns on stdout, before main, when a process that was killed left its
# counters in /dev/shm and its number comes again.
export MONGOC_DISABLE_SHM=1
# The server that the MongoDB store is tested with; without it those tests skip by name.
if [ "$install" = 1 ]; then
  tools/servers.py install || echo "test.sh: no server to test with (see above): the MongoDB store's tests will skip" >&2
fi
build=build/test
# Files and lines are what traces need; with the variables as well a file takes half as long again to compile.
lines_only=-DCMAKE_CXX_FLAGS_DEBUG=-g1
step() { printf '\n== %s\n' "$*"; }

step "Build with g++: library, tests, examples, benchmarks, each public header alone"
cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O1 "$lines_only" \
  -DQUIRE_WARNINGS_AS_ERRORS=ON -DQUIRE_BUILD_BENCHMARKS=ON >/dev/null
cmake --build "$build" -j "$jobs" --target all all_verify_interface_header_sets

if [ "$fast" = 0 ]; then
  # Clang where it is there: the second compiler is checked on the way.
  compiler=g++
  command -v clang++-19 >/dev/null && compiler=clang++-19
  sanitized() {  # FOLDER FLAGS OPTIMISATION TARGETS...
    local folder=$1 flags=$2 optimise=$3
    shift 3
    cmake -S . -B "$folder" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER="$compiler" \
      "$lines_only" -DCMAKE_CXX_FLAGS="$flags -fno-omit-frame-pointer $optimise" -DQUIRE_WARNINGS_AS_ERRORS=ON \
      -DQUIRE_BUILD_EXAMPLES=OFF -DQUIRE_SANITIZED=ON -DQUIRE_UNITY_BUILD=ON >/dev/null
    cmake --build "$folder" -j "$jobs" --target "$@"
  }
  step "Unit tests with $compiler under the address and undefined-behaviour sanitizers"
  sanitized build/asan "-fsanitize=address,undefined -fno-sanitize-recover=all" -O0 unit_tests
  # Those that run on servers once more do so in the last step.
  ctest --test-dir build/asan -j $((jobs + 1)) -L unit --output-on-failure --quiet -O build/asan/log.txt ||
    { cat build/asan/log.txt; exit 1; }
  tail -n 6 build/asan/log.txt

  step "Tests with threads under the thread sanitizer"
  sanitized build/tsan "-fsanitize=thread" -O0 test_embedded
  GTEST_FILTER='*Concurren*:*Thread*:*ReadLocks*' \
    ctest --test-dir build/tsan -j "$jobs" -L unit -R '^embedded\.' --output-on-failure --quiet -O build/tsan/log.txt ||
    { cat build/tsan/log.txt; exit 1; }
  tail -n 6 build/tsan/log.txt
fi

step "All tests"
# Many tests wait, for servers and processes of their own.
ctest --test-dir "$build" -j $((jobs * 2)) -E '@(replica_set|standalone)\.' --output-on-failure
# A program that ends waits half a second for libmongoc's monitors, and does nothing meanwhile; there are three servers of each
# kind, of which each does one thing at a time.
ctest --test-dir "$build" -j $((jobs * 4)) -R '@(replica_set|standalone)\.' --output-on-failure
