"""What pip and uv install, audited: from our index, built here, editable, from another index, and changed afterwards."""

import functools
import http.server
import io
import json
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import lib
import stack
from lib import admin, check

BIN = lib.ROOT / ".venv" / "bin"
SECONDS = 240
COMMAND = "[console_scripts]\nplain = plain:main\n"
# A build backend that an sdist brings along, so that nothing has to be fetched to build it.
BACKEND = '''
import base64, hashlib, os, zipfile

def _wheel(folder, files):
    info = "NAME-1.0.dist-info"
    files = {**files, f"{info}/METADATA": open("PKG-INFO").read(), f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: in-tree\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    rows = [f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text.encode())}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\\n".join([*rows, f"{info}/RECORD,,", ""])
    name = "NAME-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {"NAME/__init__.py": open("NAME/__init__.py").read()})

def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {"NAME.pth": os.getcwd()})
'''


def metadata(name):
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


def plain():
    """A wheel with all that installers treat in their own way."""
    info = "plain-1.0.dist-info"
    files = {
        "plain/__init__.py": "def main():\n    print('plain')\n",
        "plain/data.txt": "data\n",
        "plain-1.0.data/scripts/plain-script": "#!python\nprint('script')\n",
        "plain-1.0.data/data/share/plain.txt": "shared\n",
        "plain-1.0.data/headers/plain.h": "int plain;\n",
        f"{info}/METADATA": metadata("plain"),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\nBuild: 7\n",
        f"{info}/entry_points.txt": COMMAND,
    }
    return "plain-1.0-7-py2.py3-none-any.whl", zipped(files, info)


def zipped(files, info):
    rows = "".join(f"{path},sha256={lib.urlsafe(lib.hashlib.sha256(text.encode()).digest())},{len(text.encode())}\n" for path, text in files.items())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{rows}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return out.getvalue()


def source(name):
    """The files of a project that builds itself."""
    return {
        "PKG-INFO": metadata(name),
        "pyproject.toml": f'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "{name}"\nversion = "1.0"\n',
        "backend.py": BACKEND.replace("NAME", name),
        f"{name}/__init__.py": "",
    }


def sdist(name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in source(name).items():
            member = tarfile.TarInfo(f"{name}-1.0/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return f"{name}-1.0.tar.gz", out.getvalue()


def foreign():
    info = "foreign-1.0.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return "foreign-1.0-py3-none-any.whl", zipped({"foreign.py": "", f"{info}/METADATA": metadata("foreign"), f"{info}/WHEEL": wheel}, info)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def elsewhere(folder):
    """Another index, with `foreign` alone; its URL."""
    name, content = foreign()
    page = folder / "simple" / "foreign"
    page.mkdir(parents=True)
    (page / name).write_bytes(content)
    (page / "index.html").write_text(f'<!DOCTYPE html><a href="{name}">{name}</a>')
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/simple/"


def publish(index, issuer, folder, token):
    jwt, config = folder / "token.jwt", index.document("trust_config.json")
    for project, (name, content) in {"plain": plain(), "built": sdist("built")}.items():
        admin(index.data, "project", "create", project, "--owner", "alice")
        admin(index.data, "publisher", "add", "--project", project, "--kind", "github", "--repository", stack.REPOSITORY, "--workflow", stack.WORKFLOW)
        (folder / name).write_bytes(content)
        jwt.write_text(issuer.token())
        stack.run("sign", "--trust-config", config, "--identity-token-file", jwt, folder / name)
        reply = lib.upload(index.url, token, name, content, b"[" + (folder / f"{name}.publish.attestation").read_bytes() + b"]")
        check(f"{name} is published", reply.status == 200, reply)


def command(words, folder, **settings):
    env = lib.environment(TERM="dumb", HOME=folder, XDG_CACHE_HOME=folder / "cache", UV_NO_CONFIG=1, UV_PYTHON_DOWNLOADS="never",
                          PIP_CONFIG_FILE="/dev/null", PIP_NO_INPUT=1, PIP_DISABLE_PIP_VERSION_CHECK=1, **settings)
    return subprocess.run([str(word) for word in words], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)


def by_pip(folder, indexes, what, editable=None):
    main, *more = indexes
    words = [BIN / "python", "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet", "--no-deps", "--index-url", main]
    words += [word for url in more for word in ("--extra-index-url", url)]
    return [[sys.executable, "-m", "venv", "--without-pip", folder], [*words, *what, *(["--editable", editable] if editable else [])]]


def by_uv(folder, indexes, what, editable=None):
    main, *more = indexes
    words = [BIN / "uv", "pip", "install", "--quiet", "--no-deps", "--python", folder / "bin" / "python", "--default-index", main]
    words += [word for url in more for word in ("--index", url)]
    return [[BIN / "uv", "venv", "--quiet", "--python", sys.executable, folder], [*words, *what, *(["--editable", editable] if editable else [])]]


def audit(scratch, index, environment, *words):
    done = command([lib.binary(), "audit", "--environment", environment, "--trusted-root", index.folder / "root.json", *words], scratch)
    return done.returncode, done


def told(scratch, index, environment, *words):
    """(exit status, {project: (standing, findings)}, the report)"""
    code, done = audit(scratch, index, environment, "--index", f"{index.url}/simple/", "--format", "json", *words)
    if not done.stdout.startswith("{"):
        return code, {}, done.stderr
    report = json.loads(done.stdout)
    entries = report["lockfiles"][0]["entries"] if report["lockfiles"] else []
    return code, {entry["project"]: (entry["standing"], [it["finding"] for it in entry["reasons"]]) for entry in entries}, report


def scenario(tool, make, scratch, index, indexes, valid):
    """One environment: as it was installed, packed, changed."""
    here = scratch / f"environment-{tool}"
    here.mkdir()
    editable = here / "edited"
    for path, text in source("edited").items():
        (editable / path).parent.mkdir(parents=True, exist_ok=True)
        (editable / path).write_text(text)
    venv = here / "venv"
    for words in make(venv, indexes, ["plain", "built", "foreign"], editable):
        done = command(words, here)
        if not check(f"{tool}: an environment is made", done.returncode == 0, lambda: done.stdout[-800:] + done.stderr[-800:]):
            return
    compiled = ["bytecode"] if tool == "pip" else []
    expected = {
        "plain": ("unpinned", ["unpinned", *compiled]),
        "built": ("unknown", ["no-wheel"]),
        "foreign": ("unknown", ["not-at-index"]),
        "edited": ("unknown", ["editable"]),
    }
    code, found, report = told(here, index, venv)
    check(f"{tool}: each distribution is told as it is", (code, found) == (0, expected), lambda: (code, found, str(report)[-1500:]))
    check(f"{tool}: the report is of its schema", valid(report), "")
    counts = dict(report["counts"])
    check(f"{tool}: the counts add up, one signature", (counts.pop("entries"), report["signatures"]) == (sum(counts.values()), 1), report["counts"])
    code, by_python, _ = told(here, index, venv / "bin" / "python")
    check(f"{tool}: the interpreter names it as well", (code, by_python) == (0, expected), lambda: by_python)
    check(f"{tool}: --fail-on unknown says no", told(here, index, venv, "--fail-on", "unknown")[0] == 1)

    pack = here / "audit.pack"
    code, again, report = told(here, index, venv, "--write-pack", pack)
    seal = report["pack"]["seal"]
    words = ["--from-pack", pack, "--offline", "--format", "json"]
    code, done = audit(here, index, venv, *words)
    check(f"{tool}: a pack without its seal does not say what is in wheels", code == 3 and '"not-packed"' in done.stdout, lambda: done.stdout[-800:] + done.stderr)
    done = command([lib.binary(), "audit", "--environment", venv, *words, "--seal", seal], here)
    same = done.returncode == 0 and json.loads(done.stdout)["lockfiles"] == report["lockfiles"]
    check(f"{tool}: a pack with its seal says what the index said", same, lambda: done.stdout[-800:] + done.stderr)

    site = next((venv / "lib").glob("python*/site-packages"))
    shown = site.relative_to(venv)
    changed, extra, script = site / "plain" / "__init__.py", site / "plain" / "more.py", venv / "bin" / "plain"
    changed.write_text(changed.read_text().replace("plain", "pl4in"))
    extra.write_text("")
    script.write_text(script.read_text() + "print('more')\n")
    code, found, report = told(here, index, venv)
    wanted = ("violation", ["changed-file", "extra-file", "rewritten", "unpinned", *compiled])
    check(f"{tool}: what was changed and added is a violation", (code, found.get("plain")) == (1, wanted), lambda: (code, found))
    reasons = {it["finding"]: it["files"] for entry in report["lockfiles"][0]["entries"] if entry["project"] == "plain" for it in entry["reasons"]}
    paths = {"changed-file": f"{shown}/plain/__init__.py", "extra-file": f"{shown}/plain/more.py", "rewritten": "bin/plain"}
    check(f"{tool}: each by its path", all(reasons.get(word) == [path] for word, path in paths.items()), lambda: reasons)
    _, done = audit(here, index, "venv", "--index", f"{index.url}/simple/", "--format", "sarif")
    results = json.loads(done.stdout)["runs"][0]["results"]
    uris = {it["ruleId"]: it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for it in results}
    check(f"{tool}: SARIF points at what the installer left", uris.get("changed-file") == f"venv/{shown}/plain-1.0.dist-info/RECORD", lambda: uris)
    _, done = audit(here, index, "venv", "--index", f"{index.url}/simple/", "--format", "github")
    line = f"::error file=venv/{shown}/plain-1.0.dist-info/RECORD,line=1,title=plain 1.0%3A changed-file::1 file was changed%0A{shown}/plain/__init__.py\n"
    check(f"{tool}: so does an annotation", line in done.stdout, lambda: done.stdout)
    _, done = audit(here, index, venv, "--index", f"{index.url}/simple/")
    check(f"{tool}: and people read it", f"{shown}/plain/more.py" in done.stdout and "1 file lies among its own" in done.stdout, lambda: done.stdout)


def real(scratch, index, pins, expected):
    """Every real package, installed by uv from our index, is the wheel that the index has."""
    here = scratch / "environment-real"
    here.mkdir()
    venv = here / "venv"
    for words in by_uv(venv, [f"{index.url}/simple/"], [f"{name}=={version}" for name, version in pins.items()]):
        done = command(words, here)
        if not check("uv: an environment of real packages is made", done.returncode == 0, lambda: done.stderr[-800:]):
            return
    code, found, report = told(here, index, venv)
    standings = {project: standing for project, (standing, _) in found.items() if project}
    check(f"{len(standings)} real packages are what the index has, file by file", (code, standings) == (0, expected), lambda: (code, found))
    check("no file of it is nobody's", None not in found, lambda: found.get(None))


def audited(scratch, index, issuer, token, pins, expected, valid):
    folder = scratch / "environments"
    folder.mkdir()
    publish(index, issuer, folder, token)
    indexes = [f"{index.url}/simple/", elsewhere(scratch / "elsewhere")]
    for tool, make in (("pip", by_pip), ("uv", by_uv)):
        scenario(tool, make, scratch, index, indexes, valid)
    real(scratch, index, pins, expected)
    code, done = audit(scratch, index, Path("nowhere"))
    check("what is no environment is said to be none", code == 2 and "could not be read" in done.stderr, lambda: done.stderr)
