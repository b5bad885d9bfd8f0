"""The clients that install. Each is asked for one requirement, in an empty folder, and tells which version of which project it took."""

import json
import re
from dataclasses import dataclass
from typing import Callable

from programs import BIN, client
from uploaders import PDM, POETRY, programs_of

# What a line of a compiled requirements file begins with.
PINNED = re.compile(r"^([a-z0-9-]+)==([\w.]+)", re.MULTILINE)


# ---------------------------------------------------------------- pip

def by_pip(python, *always):
    def install(folder, target, requirement, *words):
        words = ["install", "--index-url", f"{target.url}/simple/", "--target", folder / "installed", *always, *words]
        return client(folder, python, "-m", "pip", *words, requirement, **target.authority("PIP_CERT"))
    return install


def pip_resolves(folder, target, requirement, *words):
    report = folder / "report.json"
    words = ["install", "--dry-run", "--ignore-installed", "--report", report, "--index-url", f"{target.url}/simple/", *words]
    code, output = client(folder, BIN / "python", "-m", "pip", *words, requirement)
    return code, output, pip_reports(report) if code == 0 else {}


def pip_reports(report):
    found = (item["metadata"] for item in json.loads(report.read_bytes())["install"])
    return {metadata["name"]: metadata["version"] for metadata in found}


# ---------------------------------------------------------------- uv

def by_uv(folder, target, requirement, *words):
    words = ["pip", "install", "--index-url", f"{target.url}/simple/", "--python", BIN / "python", "--target", folder / "installed", *words]
    return client(folder, BIN / "uv", *words, requirement, **target.authority("SSL_CERT_FILE"))


def uv_resolves(folder, target, requirement, *words):
    (folder / "requirements.in").write_text(requirement)
    words = ["pip", "compile", "--index-url", f"{target.url}/simple/", "--python", BIN / "python", *words]
    code, output = client(folder, BIN / "uv", *words, folder / "requirements.in")
    return code, output, dict(PINNED.findall(output)) if code == 0 else {}


def uvs_project(folder, target, requirement):
    (folder / "pyproject.toml").write_text(f"""\
[project]
name = "consumer"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["{requirement}"]
[[tool.uv.index]]
url = "{target.url}/simple/"
default = true
""")


def by_uv_sync(folder, target, requirement, *words):
    uvs_project(folder, target, requirement)
    return client(folder, BIN / "uv", "sync", "--python", BIN / "python", *words, within=folder, UV_NO_CONFIG=0, **target.authority("SSL_CERT_FILE"))


def uv_locks(folder, target, requirement, *words):
    uvs_project(folder, target, requirement)
    code, output = client(folder, BIN / "uv", "lock", "--python", BIN / "python", *words, within=folder, UV_NO_CONFIG=0)
    return code, output, locked(folder / "uv.lock") if code == 0 else {}


# ---------------------------------------------------------------- Poetry

def poetrys_project(folder, target, requirement):
    (folder / "pyproject.toml").write_text(f"""\
[project]
name = "consumer"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["{requirement}"]
[tool.poetry]
package-mode = false
[[tool.poetry.source]]
name = "ours"
url = "{target.url}/simple/"
priority = "primary"
""")


def by_poetry(folder, target, requirement, *words):
    poetrys_project(folder, target, requirement)
    settings = {**POETRY, "POETRY_VIRTUALENVS_CREATE": "true", "POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    return client(folder, programs_of("poetry") / "poetry", "install", *words, within=folder, **settings,
                  **target.authority("POETRY_CERTIFICATES_OURS_CERT"))


def poetry_resolves(folder, target, requirement, *words, **settings):
    poetrys_project(folder, target, requirement)
    code, output = client(folder, programs_of("poetry") / "poetry", "lock", *words, within=folder, **POETRY, **settings)
    return code, output, locked(folder / "poetry.lock") if code == 0 else {}


def locked(path):
    """Of poetry.lock, pdm.lock and uv.lock alike; the last also names the project itself."""
    found = dict(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', path.read_text(), re.MULTILINE))
    return {name: version for name, version in found.items() if name != "consumer"}


# ---------------------------------------------------------------- PDM

def pdms_project(folder, target, requirement):
    authority = f'ca_certs = "{target.ca}"\n' if target.ca else ""
    (folder / "pyproject.toml").write_text(f"""\
[project]
name = "consumer"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["{requirement}"]
[tool.pdm]
distribution = false
[[tool.pdm.source]]
name = "pypi"
url = "{target.url}/simple/"
{authority}""")


def by_pdm(folder, target, requirement, *words):
    pdms_project(folder, target, requirement)
    return client(folder, programs_of("pdm") / "pdm", "install", *words, within=folder, **PDM)


def pdm_resolves(folder, target, requirement, *words):
    pdms_project(folder, target, requirement)
    code, output = client(folder, programs_of("pdm") / "pdm", "lock", *words, within=folder, **PDM)
    return code, output, locked(folder / "pdm.lock") if code == 0 else {}


# ---------------------------------------------------------------- all of them

@dataclass
class Installer:
    """`name` is what docs/guide/clients.md calls it; `resolves` is None for one that cannot do that alone; `before` has the words
    and the settings by which it takes nothing that was uploaded at a time or later."""

    name: str
    install: Callable
    resolves: Callable | None = None
    before: Callable | None = None


def installers():
    return [
        Installer("pip 26.3", by_pip(BIN / "python"), pip_resolves, lambda time: (["--uploaded-prior-to", time], {})),
        Installer("pip 22.3", by_pip(programs_of("pip-22.3") / "python")),
        Installer("uv", by_uv, uv_resolves, lambda time: (["--exclude-newer", time], {})),
        Installer("uv sync", by_uv_sync, uv_locks, lambda time: (["--exclude-newer", time], {})),
        Installer("Poetry", by_poetry, poetry_resolves, lambda _: ([], {"POETRY_SOLVER_MIN_RELEASE_AGE": "1"})),
        Installer("PDM", by_pdm, pdm_resolves, lambda time: (["--exclude-newer", time], {})),
    ]


def installed(folder):
    """Project → version, of what lies installed below the folder, apart from pip's kind."""
    found = (re.fullmatch(r"(.+)-([^-]+)\.dist-info", path.name) for path in folder.rglob("*.dist-info"))
    return {name[1].replace("_", "-"): name[2] for name in found if name}
