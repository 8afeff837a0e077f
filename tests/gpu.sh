#!/usr/bin/env bash
# Correctness and speed of every kernel on this machine's GPUs; prints adapter, driver, results and rates.
# usage: tests/gpu.sh            build here (needs Rust), or use what --pack made, and run
#        tests/gpu.sh --pack     build here into target/gpu, to be carried to a machine without a compiler
# Adapter ids, names of algorithms and --table (a table over layouts) go to the report. Datasets of today need up to 6 GiB on the
# card and a minute or two; software adapters get one of a few MiB.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
packed=target/gpu

pack() {
  mkdir -p "$packed"
  cargo build --release --locked -p idlewatt-kernels --features gpu --example gpu_report
  install -m 755 target/release/examples/gpu_report "$packed/"
  local tests
  tests=$(cargo test --release --locked -p idlewatt-kernels --features gpu --lib --no-run --message-format=json |
    grep -o '"executable":"[^"]*"' | tail -1 | cut -d'"' -f4)
  install -m 755 "$tests" "$packed/kernel_tests"
}

if [ "${1:-}" = --pack ]; then
  pack
  ls -l "$packed"
  exit
fi
if command -v cargo >/dev/null; then pack; fi
[ -x "$packed/gpu_report" ] || { echo "gpu.sh: no Rust here and nothing in $packed; run tests/gpu.sh --pack elsewhere first" >&2; exit 1; }

export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$(mktemp -d)}
status=0
"$packed/kernel_tests" --include-ignored gpu || status=$?
"$packed/gpu_report" "$@" || status=$?
exit $status
