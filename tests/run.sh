#!/usr/bin/env bash
# Every check of this repository, in the order of what fails fastest. CI runs this and nothing else.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
started=$SECONDS

stop() {
    printf 'tests/run.sh: %s\n' "$1" >&2
    exit 1
}

step() {
    printf '== %s\n' "$*"
    "$@" || stop "failed: $*"
}

# A home without a toolchain: rustup's proxies on PATH lie beside the one that they belong to.
if cargo=$(command -v cargo) && ! cargo --version >/dev/null 2>&1; then
    cargo_home=$(cd "$(dirname "$cargo")/.." && pwd)
    export CARGO_HOME="${CARGO_HOME:-$cargo_home}" RUSTUP_HOME="${RUSTUP_HOME:-$(dirname "$cargo_home")/.rustup}"
fi

for tool in git python3 cargo rustfmt cargo-clippy; do
    command -v "$tool" >/dev/null || stop "$tool is missing"
done
cargo --version || stop 'cargo does not run; set RUSTUP_HOME, or install a toolchain'
cargo clippy --version || stop 'cargo clippy does not run; rustup component add clippy'

python=$(bash tests/setup.sh)
export CONTEXTURE_TEST_PYTHON="$python"
export RUSTDOCFLAGS='-D warnings'

step cargo fmt --check
step "$python" tests/unguarded.py --apply-only
step cargo clippy --locked --all-targets -- -D warnings
# Also where this was started with signals ignored, as a shell does for what runs behind it: tests send them.
step env --default-signal cargo test --locked --no-fail-fast
step cargo doc --locked --no-deps
step "$python" docs/site/build.py

printf 'All checks passed in %d s.\n' "$((SECONDS - started))"
