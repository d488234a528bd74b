#!/usr/bin/env bash
# Installs what building and testing quire needs from Debian's packages, and only what is missing.
# Usage: scripts/install_deps.sh [build|test|databases]
#   build  compiler, CMake, Boost headers, fmt, libmongoc, SQLite, PCRE2, CCTZ and tzdata, xxHash, CLI11, OpenSSL, zlib, iso-codes (the tour's data),
#          libpq, libmariadb, simdjson and zstd (the importer's sources)
#   test   build + databases + GoogleTest, Google Benchmark, RapidCheck, Clang 19 with its sanitizers, ccache, mold, Python, libfaketime
#   databases  PostgreSQL and MariaDB, which the importer's tests read from (tools/databases.py)
set -euo pipefail
want=${1:-build}

# Debian 12's own choice of Boost is too old; it ships 1.81 beside it.
boost=libboost-dev
[ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" = bookworm ] && boost=libboost1.81-dev

packages=(g++ cmake ninja-build pkg-config git "$boost" libfmt-dev libmongoc-dev libsqlite3-dev
  libpcre2-dev libcctz-dev tzdata libxxhash-dev libcli11-dev libssl-dev zlib1g-dev iso-codes
  libpq-dev libmariadb-dev libsimdjson-dev libzstd-dev)
databases=(postgresql mariadb-server)
case "$want" in
  build) ;;
  test)
    packages+=("${databases[@]}" libgtest-dev libbenchmark-dev librapidcheck-dev clang-19 libclang-rt-19-dev ccache mold python3 python3-venv openssl sqlite3 faketime)
    ;;
  databases) packages=("${databases[@]}" python3) ;;
  *) echo "install_deps.sh: unknown set \"$want\"; give build, test or databases" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

run=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install_deps.sh: needs root or sudo to install: ${missing[*]}" >&2; exit 1; }
  run=(sudo)
fi
echo "Installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# The tests start databases of their own. Where no service manager runs (a container, a chroot), packages would start theirs
# as stray processes: they are told not to.
policy=/usr/sbin/policy-rc.d
if [ ! -d /run/systemd/system ] && [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${run[@]}" install -m 755 /dev/stdin "$policy"
  trap '"${run[@]}" rm -f "$policy"' EXIT
fi
"${run[@]}" apt-get update -q
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
