#!/usr/bin/env bash
# Follows the README on a fresh Debian: makes a folder with nothing but the release's smallest set and git, clones the
# committed state into it and runs a command there (default: both commands of the README). Needs root and mmdebstrap.
# Usage: scripts/fresh_machine.sh bookworm|trixie [COMMAND]
set -euo pipefail
cd "$(dirname "$0")/.."
release=${1:?usage: fresh_machine.sh bookworm|trixie [COMMAND]}
command=${2:-"scripts/quickstart.sh && scripts/test.sh"}
root=$(mktemp -d "${TMPDIR:-/tmp}/quire-fresh-$release-XXXXXX")
cleanup() {
  for mount in "$root/dev" "$root/proc"; do mountpoint -q "$mount" && umount -l "$mount"; done
  rm -rf --one-file-system "$root"
}
trap cleanup EXIT

mmdebstrap --quiet --variant=minbase --include=git,ca-certificates "$release" "$root"
git clone --quiet . "$root/quire"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
# What is unmounted in the folder afterwards stays mounted outside.
mount --make-rslave "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 \
  bash -c "cd /quire && time ( $command )"
