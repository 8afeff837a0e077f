#!/usr/bin/env bash
# Cargo, set up to compile and link for Windows on Debian. What it needs: installer/debian/setup.sh windows.
# usage: installer/windows/cargo.sh COMMAND ARGUMENTS…
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
root=$PWD
gcc=x86_64-w64-mingw32-gcc-posix
gxx=x86_64-w64-mingw32-g++-posix

# Debian's compiler is younger than the one the project is written for, and brings the source of the standard library, which
# is built along: no other machine's libraries end up in the programs.
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR=$root/target/windows
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$gcc
export CC_x86_64_pc_windows_gnu=$gcc CXX_x86_64_pc_windows_gnu=$gxx
# Reproducible: no path of this machine and no time in what is built.
cargo_home=$(readlink -f "${CARGO_HOME:-$HOME/.cargo}")
maps="-ffile-prefix-map=$root=. -ffile-prefix-map=$cargo_home=/cargo"
export CFLAGS_x86_64_pc_windows_gnu="$maps" CXXFLAGS_x86_64_pc_windows_gnu="$maps"
# Names of functions are for debuggers, and half of the size.
export CARGO_PROFILE_RELEASE_STRIP=symbols CARGO_PROFILE_QUICK_STRIP=symbols
# RandomX is C++ and names no runtime for this compiler: linked in whole, so that nothing of it is needed on the PC.
runtime='-l:libstdc++.a -l:libwinpthread.a -lgcc_eh -lgcc -lmingw32 -lmingwex -lmsvcrt -lkernel32 -luser32 -ladvapi32'
flags=(
  "--remap-path-prefix=$cargo_home=/cargo" "--remap-path-prefix=$root=."
  -C link-arg=-Wl,--no-insert-timestamp
  -C "link-args=-Wl,--start-group $runtime -Wl,--end-group"
)
printf -v CARGO_ENCODED_RUSTFLAGS '%s\x1f' "${flags[@]}"
export CARGO_ENCODED_RUSTFLAGS=${CARGO_ENCODED_RUSTFLAGS%$'\x1f'}

command=$1
shift
exec cargo "$command" --target x86_64-pc-windows-gnu -Zbuild-std=std,panic_abort "$@"
