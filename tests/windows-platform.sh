#!/usr/bin/env bash
# Runs the tests of the platform's code for Windows under Wine, as far as Wine goes. Needs what installer/windows/build.sh needs,
# and Wine.
# usage: tests/windows-platform.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

folder=$(mktemp -d)
export WINEPREFIX=$folder/prefix WINEDEBUG=-all
export WINEDLLOVERRIDES="winedbg.exe=d;winemenubuilder.exe=d;mscoree=d;mshtml=d"
trap 'wineserver -k >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT

executable=$(installer/windows/cargo.sh test --profile quick --locked -p idlewatt-platform --lib --no-run --message-format=json |
  sed -n 's/.*"executable":"\([^"]*idlewatt_platform[^"]*\.exe\)".*/\1/p')

env -u DISPLAY wineboot -i </dev/null >/dev/null 2>&1
wineserver -w
# Wine 8 lacks the library from which programs in Rust take their random numbers.
library=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
if [ ! -e "$library" ]; then
  printf '%s\n' '#include <windows.h>' 'BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);' \
    '__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE d, SIZE_T n) { return SystemFunction036(d, n); }' >"$folder/random.c"
  x86_64-w64-mingw32-gcc-posix -O2 -s -shared -o "$library" "$folder/random.c" -ladvapi32
fi

# To a file: Wine's own processes would keep a pipe open.
status=0
timeout 300 xvfb-run -a wine "$executable" </dev/null >"$folder/output" 2>&1 || status=$?
cat "$folder/output"
exit "$status"
