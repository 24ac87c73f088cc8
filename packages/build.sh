#!/usr/bin/env bash
# Packs what others install, into target/packages or another folder: the same bytes whenever and wherever the same
# files are packed, and their digests in SHA256SUMS.
#
#     packages/build.sh [--out FOLDER] [--commit COMMIT] [PROGRAM...]
#
# Each PROGRAM is a built contexture, for another platform each: a wheel, npm packages, a .deb and a .tar.gz are made
# of it. Without one, the libraries alone are packed. A COMMIT that programs and packages were made from, which is your
# word, is written into packages.intoto.json (docs/provenance.md).
#
# tests/setup.sh brings what packs: setuptools, wheel, npm and tsc, each in the version and with the digest that is
# locked; dpkg-deb and readelf are the system's.
set -euo pipefail
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$root/target/packages
export COMMIT=
while [[ ${1-} == --* ]]; do
    case $1 in
        --out) out=${2:?--out needs a folder} ;;
        --commit) COMMIT=$(git -C "$root" rev-parse --verify --end-of-options "${2:?--commit needs a commit}^{commit}") ;;
        *) echo "packages/build.sh: unknown option $1; there are --out FOLDER and --commit COMMIT" >&2 && exit 2 ;;
    esac
    shift 2
done
python=${CONTEXTURE_TEST_PYTHON:-$(bash "$root/tests/setup.sh")}
venv=$(dirname "$(dirname "$python")")
mkdir -p "$out"
out=$(cd "$out" && pwd)
# A package of another version beside these would be taken for one of them: what was packed before goes, and nothing else.
before() { sed -n 's/^[0-9a-f]\{64\}  \([^/]*\)$/\1/p' "$out/SHA256SUMS" && echo SHA256SUMS; }
others=$(find "$out" -mindepth 1 -maxdepth 1 -printf '%f\n' | { [ ! -f "$out/SHA256SUMS" ] && cat || grep -vxF "$(before)" || true; })
if [ -n "$others" ]; then
    echo "packages/build.sh: $out holds other files; name an empty folder with --out" >&2
    exit 2
fi
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
packed=$staged/packed
mkdir "$packed"

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
    --wheel-dir "$packed" "$staged/python"

stage typescript
ln -s "$venv/share/npm/node_modules" "$staged/typescript/node_modules"
(cd "$staged/typescript" && node node_modules/typescript/bin/tsc --project . && rm node_modules &&
    npm pack --silent --ignore-scripts --pack-destination "$packed" >/dev/null)

"$python" "$root/packages/program.py" "$packed" "$staged" "$@"

(cd "$packed" && sha256sum -- * >"$staged/SHA256SUMS")
find "$out" -mindepth 1 -delete
mv "$staged/SHA256SUMS" "$packed"/* "$out"
cat "$out/SHA256SUMS"
