#!/usr/bin/env bash
# Packs what others install, into target/packages or the folder given: the same bytes whenever and wherever the same
# files are packed, and their digests in SHA256SUMS.
#
#     packages/build.sh [FOLDER]
#
# tests/setup.sh brings what packs: setuptools, npm and tsc, each in the version and with the digest that is locked.
set -euo pipefail
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${CONTEXTURE_TEST_PYTHON:-$(bash "$root/tests/setup.sh")}
venv=$(dirname "$(dirname "$python")")
mkdir -p "${1:-$root/target/packages}"
out=$(cd "${1:-$root/target/packages}" && pwd)
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT

# The day that zip files count from: what is packed has no other date.
export SOURCE_DATE_EPOCH=315532800 PATH="$venv/bin:$PATH"

# Copies a package's files, without what running it left there, and the licences beside them.
stage() {
    mkdir -p "$staged/$1"
    (cd "$root/packages/$1" && find . -type f ! -path '*/__pycache__/*' ! -path './node_modules/*' -print0 |
        xargs -0 cp --parents -t "$staged/$1")
    cp "$root"/LICENSE-* "$staged/$1"
    find "$staged/$1" -type f -exec chmod 644 {} +
}

stage python
"$python" -m pip wheel --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation \
    --wheel-dir "$out" "$staged/python"

stage typescript
ln -s "$venv/share/npm/node_modules" "$staged/typescript/node_modules"
(cd "$staged/typescript" && node node_modules/typescript/bin/tsc --project . && rm node_modules &&
    npm pack --silent --ignore-scripts --pack-destination "$out" >/dev/null)

cd "$out"
sha256sum contexture_bundle-*.whl contexture-bundle-*.tgz | tee SHA256SUMS
