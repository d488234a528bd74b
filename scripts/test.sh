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
build=build/test
step() { printf '\n== %s\n' "$*"; }

step "Build (g++, warnings are errors)"
cmake -S . -B "$build" -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O1 -DQUIRE_WARNINGS_AS_ERRORS=ON -DQUIRE_BUILD_BENCHMARKS=ON >/dev/null
cmake --build "$build" -j "$jobs"

if [ "$fast" = 0 ]; then
  step "Unit tests under the address and undefined-behaviour sanitizers"
  cmake -S . -B build/asan -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=Debug -DQUIRE_BUILD_EXAMPLES=OFF -DQUIRE_SANITIZED=ON \
    -DCMAKE_CXX_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1" >/dev/null
  cmake --build build/asan -j "$jobs" --target unit_tests
  ctest --test-dir build/asan -j "$jobs" -L unit --output-on-failure | tail -n 15

  step "Tests with threads under the thread sanitizer"
  cmake -S . -B build/tsan -G Ninja "${fast_flags[@]}" -DCMAKE_BUILD_TYPE=Debug -DQUIRE_BUILD_EXAMPLES=OFF -DQUIRE_SANITIZED=ON \
    -DCMAKE_CXX_FLAGS="-fsanitize=thread -O1 -g1" >/dev/null
  cmake --build build/tsan -j "$jobs" --target test_embedded
  ctest --test-dir build/tsan -j "$jobs" -L unit -R 'Concurren|Thread' --output-on-failure | tail -n 15
fi

step "All tests"
ctest --test-dir "$build" -j "$jobs" --output-on-failure
