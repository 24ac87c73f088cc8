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

for tool in git python3 cargo rustfmt cargo-clippy; do
    command -v "$tool" >/dev/null || stop "$tool is missing"
done

python=$(bash tests/setup.sh)
export CONTEXTURE_TEST_PYTHON="$python"
export RUSTDOCFLAGS='-D warnings'

step cargo fmt --check
step cargo clippy --locked --all-targets -- -D warnings
step cargo test --locked --no-fail-fast
step cargo doc --locked --no-deps

printf 'All checks passed in %d s.\n' "$((SECONDS - started))"
