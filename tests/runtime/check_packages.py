"""Packs the libraries twice, installs them from the files alone, and loads a bundle with what was installed.

python check_packages.py BUNDLE
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from check_python import HERE, check, failed
from check_typescript import NODE

PYTHON = "import sys, contexture_bundle as c; print(c.load(sys.argv[1], verify=True).full, c.__file__)"
NODE_SAYS = (
    'import { load } from "contexture-bundle";'
    "console.log(load(process.argv[1], { verify: true }).full, import.meta.resolve('contexture-bundle'));"
)


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def installed(name, folder, bundle, install, says):
    start = time.monotonic()
    for command in install:
        run(*command, cwd=folder)
    seconds = time.monotonic() - start
    full, where = run(*says, bundle, cwd=folder).split()
    expected = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["full"]
    fault = None if full == expected and str(folder) in where else f"{full} by {where}, not {expected}"
    check(f"{name} installed in {seconds:.1f} s", fault or (None if seconds <= 10 else "more than 10 s"))


def main():
    bundle = pathlib.Path(sys.argv[1]).resolve()
    script = HERE.parent.parent / "packages/build.sh"
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch).resolve()
        for name, mask, zone in (("once", 0o022, "UTC"), ("twice", 0o077, "Asia/Tokyo")):
            run("bash", script, folder / name, umask=mask, env={**os.environ, "TZ": zone}, cwd=folder)
        files = sorted(path.name for path in (folder / "once").iterdir())
        unequal = [
            name for name in files if (folder / "once" / name).read_bytes() != (folder / "twice" / name).read_bytes()
        ]
        check(f"packed twice: {', '.join(files)}", f"{unequal} differ" if unequal or len(files) != 3 else None)
        [wheel], [tarball] = (folder / "once").glob("*.whl"), (folder / "once").glob("*.tgz")
        python, app = folder / "venv/bin/python", folder / "app"
        run(sys.executable, "-m", "venv", folder / "venv")
        app.mkdir()
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel)
        installed(wheel.name, folder, bundle, [pip], (python, "-c", PYTHON))
        # npm's own entry, because what pip wrote beside node looks for node on PATH.
        npm = (NODE.with_name("npm"), "install", "--offline", "--no-audit", "--no-fund", tarball)
        os.environ["PATH"] = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
        installed(tarball.name, app, bundle, [npm], (NODE, "--input-type=module", "-e", NODE_SAYS))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
