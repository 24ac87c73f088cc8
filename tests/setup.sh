#!/usr/bin/env bash
# Makes target/venv, the Python that the tests take as their witness, from tests/requirements.txt.
# Run again, it does nothing until that file, this one or the Python changes.
# Prints the path of the interpreter on stdout, everything else on stderr.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requirements="$root/tests/requirements.txt"
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

# The browser that the page is looked at in.
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    install chromium Chromium
command -v strace >/dev/null || install strace strace

command -v python3 >/dev/null || stop 'python3 is missing; install Python 3.10 or later'
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || stop "$(python3 --version) is too old; install Python 3.10 or later"

wanted="$(python3 -c 'import sys; print(sys.version.split()[0], sys.base_prefix)') $(cat "$requirements" "${BASH_SOURCE[0]}" | cksum)"
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    printf '%s\n' "$venv/bin/python"
    exit 0
fi

# Debian keeps ensurepip in a package of its own.
python3 -c 'import ensurepip, venv' 2>/dev/null || install python3-venv 'the venv module'

rm -rf "$venv"
mkdir -p "$root/target"
python3 -m venv "$venv" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 ||
    stop 'pip could not install tests/requirements.txt'
# Only the source of this package holds the JSON Schema of SARIF that it was made from.
"$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary sarif-om \
    --dest "$venv/share" sarif-om==1.0.4 >&2 || stop 'pip could not fetch sarif-om'
tar -xzOf "$venv/share/sarif_om-1.0.4.tar.gz" sarif_om-1.0.4/sarif-2.1.0-rtm.4.json >"$venv/share/sarif-2.1.0.json" ||
    stop 'sarif-om holds no schema'
printf '%s\n' "$wanted" >"$stamp"
printf '%s\n' "$venv/bin/python"
