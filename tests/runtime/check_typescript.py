"""Holds the TypeScript library against the vendors' own packages, and against the Python library.

    python check_typescript.py FOLDER

Compiles the package and tests/runtime/check.ts as strictly as tsc can, and runs that in node with every body of every
bundle below the folder, filled with texts of every kind as check_python.py fills them.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import blake3

from check_python import HERE, TEXTS, bodies, filled, needed, values

SIZES = [*range(130), *(1024 * n + more for n in range(1, 18) for more in (-1, 0, 1)), 102_400, 1_000_003]
NODE = pathlib.Path(sys.executable).parent / "node"
MODULES = pathlib.Path(sys.prefix, "share/npm/node_modules")


def run(package, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    subprocess.run([NODE, *arguments], check=True, cwd=package, env=environment)


def strictly(folder, file):
    """Compiles one file as strictly as tsc can; the JavaScript is then beside it."""
    strict = "--ignoreConfig --strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --skipLibCheck"
    run(
        folder,
        MODULES / "typescript/bin/tsc",
        *strict.split(),
        *"--types node --target es2022 --module node16".split(),
        file,
    )


def compiled(scratch):
    """The package as it is published, with what it was held against beside it."""
    package = pathlib.Path(scratch, "package")
    shutil.copytree(HERE.parent.parent / "packages/typescript", package)
    (package / "node_modules").symlink_to(MODULES)
    run(package, MODULES / "typescript/bin/tsc", "--project", ".")
    return package


def cases(folder):
    for path, bundle, model, format, file in bodies(folder):
        own = {**values(bundle, format, ""), "cachedContent": "cachedContents/made-before"}
        for kind, text in TEXTS.items() if bundle.inputs else [("nothing", "")]:
            if kind == "10 MB" and model != bundle.models[0]:
                continue
            given = needed(bundle, file, own | dict.fromkeys(bundle.inputs[:1], text))
            body = filled(path, file, given)
            # A context without turns leaves them to the application; not every SDK sends none.
            if body.get("contents") != []:
                name = str(path.relative_to(folder))
                yield {"folder": name, "model": model, "format": format, "inputs": given, "body": body, "kind": kind}


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        package = compiled(scratch)
        (package / "check").mkdir()
        shutil.copy(HERE / "check.ts", package / "check")
        strictly(package, "check/check.ts")
        told = pathlib.Path(scratch, "cases.json")
        told.write_text(json.dumps(list(cases(folder))))
        pathlib.Path(f"{told}.sizes").write_text(json.dumps(SIZES))
        run(package, "check/check.js", folder, told)
        digests = json.loads(pathlib.Path(f"{told}.digests").read_text())
    for size in SIZES:
        data = bytes(at * at % 251 for at in range(size))
        assert digests[str(size)] == blake3.blake3(data).hexdigest(), f"the digest of {size} bytes"
    print("ok   digests are those of BLAKE3")


if __name__ == "__main__":
    main()
