#!/usr/bin/env bash
# Builds Idlewatt for Windows as it is to be tried out, and tries it out under Wine: the platform's own tests, then one PC from
# installing to removing. Installs what it needs on Debian.
# usage: tests/windows.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

step() { printf '\n==> %s (%dm%02ds)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }

step "what it needs"
missing=()
if installer/debian/setup.sh wine; then
  for program in wine Xvfb xdotool import makensis osslsigncode x86_64-w64-mingw32-g++-posix; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
else
  missing+=(packages)
fi
if [ ${#missing[@]} -gt 0 ]; then
  step "SKIPPED: Windows under Wine (programs, installer, tray, update), for want of: ${missing[*]}"
  exit 0
fi

key=$(tail -n 1 tests/keys/update.pub) # the tests' own: what is built here is not for people
export IDLEWATT_PROFILE=quick
step "programs and installer, and the same as the next version"
IDLEWATT_UPDATE_KEY=$key installer/windows/build.sh target/windows/dist
IDLEWATT_UPDATE_KEY=$key IDLEWATT_VERSION=0.1.1 installer/windows/build.sh target/windows/dist-next

step "the platform's tests under Wine"
tests/windows-platform.sh

step "from installing to removing under Wine"
cargo build --workspace --all-targets --locked # as the other tests are built: with other features it would all be built again
cargo test --workspace --locked --test windows -- --ignored --nocapture

step "done"
