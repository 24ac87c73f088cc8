"""Packs the libraries and the program twice, installs them from the files alone, and uses what was installed.

python check_packages.py BUNDLE CONTEXTURE
"""

import functools
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import tomllib
import zipfile

import google.protobuf.json_format as pb_json
import in_toto_attestation.predicates.provenance.v1.provenance_pb2 as slsa
import in_toto_attestation.v1.statement_pb2 as in_toto
import yaml
from check_python import HERE, check, failed
from check_typescript import NODE
from in_toto_attestation.v1.statement import Statement

ROOT = HERE.parent.parent
COMMIT = subprocess.run(
    ["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
).stdout.strip()
# Where none of this machine's own programs are found but the system's.
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
PYTHON = "import sys, contexture_bundle as c; print(c.load(sys.argv[1], verify=True).full, c.__file__)"
NODE_SAYS = (
    'import { load } from "contexture-bundle";'
    "console.log(load(process.argv[1], { verify: true }).full, import.meta.resolve('contexture-bundle'));"
)


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def quickest(folder, *commands, **options):
    """The seconds that commands take, and what they print: the best of three times, because others use this machine
    too. What they made in the folder is made anew each time."""
    best = None
    for _ in range(3):
        for made in ("shed", "node_modules"):
            shutil.rmtree(folder / made, ignore_errors=True)
        start = time.monotonic()
        said = "".join(run(*command, cwd=folder, **options) for command in commands)
        best = min(best or (float("inf"), said), (time.monotonic() - start, said))
        if best[0] <= 10:
            break
    return best


def installed(name, folder, bundle, install, says):
    seconds, _ = quickest(folder, install)
    full, where = run(*says, bundle, cwd=folder).split()
    expected = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["full"]
    fault = None if full == expected and str(folder) in where else f"{full} by {where}, not {expected}"
    check(f"{name} installed in {seconds:.1f} s", fault or (None if seconds <= 10 else "more than 10 s"))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def environment(folder, *programs):
    """What a program sees on a machine that is new."""
    paths = os.pathsep.join([*map(str, programs), SYSTEM])
    names = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {"PATH": paths, "HOME": str(folder), "LC_ALL": "C.UTF-8", **names}


def to_the_first_report(name, folder, programs, install, where, expected):
    """Installs the program, writes a project and builds it."""
    folder.mkdir(exist_ok=True)
    project = [("contexture", "init", "shed"), ("contexture", "-C", "shed", "build")]
    seconds, report = quickest(folder, install, *project, env=environment(folder, *programs))
    fault = None if digest(where) == expected else f"{where} is another program"
    fault = fault or (None if "2 contexts built" in report else report)
    check(f"{name} to the first report in {seconds:.1f} s", fault or (None if seconds <= 10 else "more than 10 s"))


def programs(packages, folder, expected):
    """Each package of the program, on a machine that has nothing else."""
    [wheel], [deb] = packages.glob("contexture_cli-*.whl"), packages.glob("*.deb")
    own = folder / "program/bin"
    run(sys.executable, "-m", "venv", own.parent)
    pip = ("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--force-reinstall", wheel)
    to_the_first_report(wheel.name, folder / "pip", [own], pip, own / "contexture", expected)
    says = run(pathlib.Path(sys.executable).with_name("auditwheel"), "show", wheel)
    tag = wheel.name.removesuffix(".whl").rpartition("none-")[2]
    check(f"auditwheel finds {tag}, too", None if f'"{tag}"' in says else says)

    modules = folder / "npm/node_modules"
    npm = (NODE.with_name("npm"), "install", "--offline", "--no-audit", "--no-fund", *packages.glob("contexture-cli-*.tgz"))
    where = modules / "contexture-cli-linux-x64/bin/contexture"
    paths = [modules / ".bin", NODE.parent]
    to_the_first_report("contexture-cli from npm", folder / "npm", paths, npm, where, expected)
    env = environment(folder, *paths)
    no = subprocess.run(["contexture", "check", "--budget"], env=env, capture_output=True, text=True)
    check("npm's launcher hands on the exit code", None if (no.returncode, no.stdout) == (2, "") else str(no))
    where.rename(where.with_name("gone"))
    no = subprocess.run(["contexture", "--version"], env=env, capture_output=True, text=True)
    says = "contexture-cli-linux-x64 is not installed"
    check("npm's launcher says what is missing", None if no.returncode == 2 and says in no.stderr else str(no))

    root = folder / "root"
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "var/lib/dpkg/updates").mkdir()
    # What the package depends on is there as this system has it.
    (root / "var/lib/dpkg/status").write_text(run("dpkg-query", "--status", "libc6", "libgcc-s1"))
    dpkg = ("dpkg", f"--root={root}", "--force-not-root", "--install", deb)
    to_the_first_report(deb.name, folder / "deb", [root / "usr/bin"], dpkg, root / "usr/bin/contexture", expected)
    missing = [
        name
        for name in ("man/man1/contexture-build.1.gz", "bash-completion/completions/contexture", "doc/contexture-cli/copyright")
        if not (root / "usr/share" / name).is_file()
    ]
    check(f"{deb.name} has its manual and completions", f"{missing} are missing" if missing else None)
    licences(packages, root / "usr/share/doc/contexture-cli/copyright")


def licences(packages, copyright):
    """Each package of the program ships the licences of what it is linked with, in Rust and in C."""
    [wheel], [npm] = packages.glob("contexture_cli-*.whl"), packages.glob("contexture-cli-linux-*.tgz")
    [tarball] = packages.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as held:
        texts = [held.read(name).decode() for name in held.namelist() if name.endswith("THIRD-PARTY-LICENSES")]
    for path in (npm, tarball):
        with tarfile.open(path) as held:
            texts += [held.extractfile(one).read().decode() for one in held if one.name.endswith("THIRD-PARTY-LICENSES")]
    texts.append(copyright.read_text(encoding="utf-8"))
    needed = ["subtle 2", "BSD-3-Clause", "CDLA-Permissive-2.0", "LINKING EXCEPTION", "zlib"]
    missing = [(number, one) for number, text in enumerate(texts) for one in needed if one not in text]
    check("four packages ship the licences of others", None if len(texts) == 4 and not missing else f"{missing}")


def told_of(packages, expected):
    """The sums, the statement and the metadata of binstall name what is there."""
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=packages)
    text = (packages / "packages.intoto.json").read_text(encoding="utf-8")
    statement = pb_json.Parse(text, in_toto.Statement())
    Statement.copy_from_pb(statement).validate()
    provenance = pb_json.ParseDict(json.loads(text)["predicate"], slsa.Provenance())
    named = {subject.name: subject.digest["sha256"] for subject in statement.subject}
    own = {"SHA256SUMS", "packages.intoto.json"}
    found = {path.name: digest(path) for path in packages.iterdir() if path.name not in own}
    made_from = [dict(one.digest) for one in provenance.build_definition.resolved_dependencies]
    right = named == found and made_from == [{"gitCommit": COMMIT}, {"sha256": expected}]
    check("the statement names every package and the program", None if right else text)

    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["package"]
    [tarball] = packages.glob("*.tar.gz")
    values = {"version": cargo["version"], "target": "x86_64-unknown-linux-gnu", "bin": "contexture", "binary-ext": ""}
    says = {
        key: re.sub(r"{ ([a-z-]+) }", lambda found: values.get(found[1], found[0]), value)
        for key, value in cargo["metadata"]["binstall"].items()
    }
    names = tarfile.open(tarball).getnames()
    right = says["pkg-url"].endswith(f"/{tarball.name}") and says["bin-dir"] in names and says["pkg-fmt"] == "tgz"
    check("cargo binstall finds the program", None if right else f"{says} {names}")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def steps(workflow, repo, folder, event):
    """Runs a workflow's scripts as GitHub's runner does; the exit code of each."""
    # YAML 1.1 takes `on` for true, which nobody asks for here.
    [job] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    resolved = lambda values: {
        name: re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: event[found[1]], str(value))
        for name, value in (values or {}).items()
    }
    temp, path = folder / "temp", folder / "path"
    shutil.rmtree(temp, ignore_errors=True)
    temp.mkdir(parents=True)
    env = environment(folder) | {"RUNNER_TEMP": str(temp), "GITHUB_PATH": str(path)}
    env |= {"GITHUB_STEP_SUMMARY": str(folder / "summary")} | resolved(job.get("env"))
    ended, said = {}, ""
    for step in job["steps"]:
        if "run" not in step or (any(ended.values()) and "cancelled" not in str(step.get("if"))):
            continue
        path.write_text("")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        cwd = repo / job.get("defaults", {}).get("run", {}).get("working-directory", ".")
        ran = subprocess.run(command, cwd=cwd, env=env | resolved(step.get("env")), capture_output=True, text=True)
        ended[step["name"]], said = ran.returncode, said + ran.stdout + ran.stderr
        env["PATH"] = os.pathsep.join([*path.read_text().split(), env["PATH"]])
    return ended, said


def workflows(packages, folder, contexture):
    """What `init --ci github` writes, from a new project to a pull request that is green, and to one that is not."""
    served = functools.partial(Quiet, directory=packages)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), served)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    [tarball] = packages.glob("*.tar.gz")
    shutil.copyfile(contexture, packages / "bare")
    env = environment(folder, contexture.parent)
    git = lambda *arguments: run("git", *arguments, cwd=repo, env=env)
    for name, below in ((tarball.name, "."), ("bare", "."), (tarball.name, "services/it's ours")):
        repo = folder / f"repo {name} {below.replace('/', ' ')}"
        repo.mkdir()
        url = f"http://127.0.0.1:{server.server_port}/{name}#sha256={digest(packages / name)}"
        git("init", "--quiet", "--initial-branch=main")
        git("commit", "--quiet", "--allow-empty", "--message=Start")
        git("update-ref", "refs/remotes/origin/main", "main")
        git("switch", "--quiet", "--create=work")
        run("contexture", "init", below, "--ci", "github", "--binary", url, cwd=repo, env=env)
        git("add", "--all")
        git("commit", "--quiet", "--message=Prompts")
        workflow = repo / ".github/workflows/contexture.yml"
        once = lambda: steps(workflow, repo, folder / "runner", {"github.base_ref": "main"})
        (ended, said), summary = once(), folder / "runner/summary"
        green = ended == {"Install contexture": 0, "Check": 0, "Report": 0}
        green = green and summary.read_text().startswith("<!-- contexture:diff")
        check(f"the workflow with {name} for {below} is green as written", None if green else f"{ended} {said}")
        git("update-ref", "refs/remotes/origin/main", "work")
        manifest = repo / below / "contexts/assistant.yaml"
        manifest.write_text(manifest.read_text().replace("tokens: 4k", "tokens: 100"))
        assert "tokens: 100" in manifest.read_text()
        git("commit", "--quiet", "--all", "--message=Too tight")
        ended, said = once()
        red = ended == {"Install contexture": 0, "Check": 1, "Report": 0} and "::error file=" in said
        check(f"the workflow with {name} for {below} is red over a budget", None if red else f"{ended} {said}")
        (packages / name).write_bytes((packages / name).read_bytes() + b"!")
        ended, said = once()
        refused = ended["Install contexture"] == 1 and "FAILED" in said
        check(f"the workflow with {name} for {below} refuses another file", None if refused else f"{ended} {said}")
        (packages / name).write_bytes((packages / name).read_bytes()[:-1])
    server.shutdown()


def main():
    bundle, contexture = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    script = ROOT / "packages/build.sh"
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch).resolve()
        # What places in the source a debug build holds is nobody's who installs it.
        program = folder / "built/contexture"
        program.parent.mkdir()
        run("strip", "-o", program, contexture)
        for name, mask, zone in (("once", 0o022, "UTC"), ("twice", 0o077, "Asia/Tokyo")):
            command = ("bash", script, "--out", folder / name, "--commit", COMMIT, program)
            run(*command, umask=mask, env={**os.environ, "TZ": zone}, cwd=folder)
        files = sorted(path.name for path in (folder / "once").iterdir())
        unequal = [
            name for name in files if (folder / "once" / name).read_bytes() != (folder / "twice" / name).read_bytes()
        ]
        check(f"packed twice: {', '.join(files)}", f"{unequal} differ" if unequal or len(files) != 9 else None)
        again = lambda *more: subprocess.run(
            ["bash", script, "--out", folder / "twice", *more], capture_output=True, text=True, cwd=folder
        )
        for name, path_, says in (
            ("a folder", folder, "is no program"),
            ("a script", script, "for no platform"),
            ("another program", shutil.which("true"), "is not contexture"),
        ):
            no = again(path_)
            check(f"{name} is not packed", None if no.returncode and says in no.stderr else str(no))
        (folder / "twice/mine").write_text("precious")
        no = again()
        kept = (folder / "twice/mine").exists() and len(list((folder / "twice").iterdir())) == len(files) + 1
        check("nobody's file is deleted", None if no.returncode == 2 and kept else str(no))
        shutil.rmtree(folder / "twice")
        [wheel], [tarball] = (folder / "once").glob("contexture_bundle-*.whl"), (folder / "once").glob("contexture-bundle-*.tgz")
        python, app = folder / "venv/bin/python", folder / "app"
        run(sys.executable, "-m", "venv", folder / "venv")
        app.mkdir()
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--force-reinstall", wheel)
        installed(wheel.name, folder, bundle, pip, (python, "-c", PYTHON))
        # npm's own entry, because what pip wrote beside node looks for node on PATH.
        npm = (NODE.with_name("npm"), "install", "--offline", "--no-audit", "--no-fund", tarball)
        os.environ["PATH"] = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
        installed(tarball.name, app, bundle, npm, (NODE, "--input-type=module", "-e", NODE_SAYS))
        told_of(folder / "once", digest(program))
        programs(folder / "once", folder, digest(program))
        workflows(folder / "once", folder, program)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
