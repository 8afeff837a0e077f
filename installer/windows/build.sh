#!/usr/bin/env bash
# Builds Idlewatt for Windows on Debian: the three programs and the installer, signed, the same bytes from the same input.
# usage: installer/windows/build.sh [OUTPUT-DIRECTORY]      (target/windows/dist where none is named)
#
# Settings, all of them optional, from the environment:
#   IDLEWATT_SIGN_CERTIFICATE    a PKCS#12 file with the certificate and key that sign the programs and the installer.
#                                Without it: a certificate made here, which Windows does not trust. For tests.
#   IDLEWATT_SIGN_PASSWORD_FILE  the file with its password
#   IDLEWATT_SIGN_TIMESTAMP      the address of a timestamp server; a signature without one ends with its certificate
#   IDLEWATT_UPDATE_KEY          the minisign public key whose updates are taken; without it none are
#   IDLEWATT_UPDATE_URL          where updates are looked for unless the settings say otherwise
#   IDLEWATT_PROFILE             "quick" instead of "release": built faster, larger and slower; for tests
#   IDLEWATT_VERSION             another version number than the workspace's, for trying updates out
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
root=$PWD
out=$(readlink -m "${1:-target/windows/dist}")
profile=${IDLEWATT_PROFILE:-release}
built=$root/target/windows/x86_64-pc-windows-gnu/$profile
# Not for the compilers, which would begin anew with each commit, and put no time into what they make.
made_at=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.lock)

step() { printf '==> %s (%dm%02ds)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }

installer/debian/setup.sh windows

step "programs"
installer/windows/cargo.sh build --profile "$profile" --locked -p idlewatt -p idlewatt-hub --bins
version=${IDLEWATT_VERSION:-$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)}

step "signatures"
mkdir -p "$out"
certificate=${IDLEWATT_SIGN_CERTIFICATE:-}
password_file=${IDLEWATT_SIGN_PASSWORD_FILE:-}
if [ -z "$certificate" ]; then
  certificate=target/windows/test-certificate.p12
  password_file=target/windows/test-certificate.password
  if [ ! -f "$certificate" ]; then
    printf 'test' >"$password_file"
    openssl req -x509 -newkey rsa:3072 -sha256 -days 3650 -nodes -subj "/CN=Idlewatt test certificate (not trusted)" \
      -addext extendedKeyUsage=codeSigning -keyout "$certificate.key" -out "$certificate.pem" 2>/dev/null
    openssl pkcs12 -export -inkey "$certificate.key" -in "$certificate.pem" -passout "file:$password_file" -out "$certificate.new"
    rm "$certificate.key"
    mv "$certificate.new" "$certificate"
  fi
fi
# The time in a signature is that of the source; a timestamp server adds its own, which then differs in each build.
sign() {
  local stamp=()
  [ -z "${IDLEWATT_SIGN_TIMESTAMP:-}" ] || stamp=(-ts "$IDLEWATT_SIGN_TIMESTAMP")
  local password=()
  [ -z "$password_file" ] || password=(-readpass "$password_file")
  rm -f "$2"
  osslsigncode sign -pkcs12 "$certificate" "${password[@]}" "${stamp[@]}" -h sha256 -time "$made_at" \
    -n Idlewatt -in "$1" -out "$2" >/dev/null
}
for program in idlewatt idlewattw idlewatt-hub; do
  sign "$built/$program.exe" "$out/$program.exe"
done

step "installer"
words=$root/target/windows/words.nsh
{
  printf '\xef\xbb\xbf'
  for language in en:ENGLISH ko:KOREAN; do
    awk -v "language=${language#*:}" -f installer/windows/words.awk agent/screens/words/"${language%:*}"/{installer,cli}.ftl
  done
} >"$words"
installer=idlewatt-$version-windows-x64.exe
for licence in LICENSE-MIT LICENSE-APACHE; do cp "$licence" "$out/$licence.txt"; done
# The installer keeps the times of its files.
touch -d "@$made_at" "$out"/*.exe "$out"/*.txt
SOURCE_DATE_EPOCH=$made_at makensis -V2 -WX -INPUTCHARSET UTF8 -DVERSION="$version" -DPROGRAMS="$out" -DROOT="$root" -DWORDS="$words" \
  -DOUTPUT="$out/unsigned.exe" installer/windows/installer.nsi
sign "$out/unsigned.exe" "$out/$installer"
rm "$out/unsigned.exe"
(cd "$out" && sha256sum idlewatt.exe idlewattw.exe idlewatt-hub.exe "$installer" | tee SHA256SUMS)
step "done: $out/$installer"
