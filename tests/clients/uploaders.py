"""The clients that upload, each building with its own backend and publishing as its guide says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import lib
import samples
from programs import BIN, client, shows

HERE = Path(__file__).resolve().parent


def programs_of(name):
    """The programs of a client with dependencies of its own."""
    return lib.venv(name, HERE / "requirements" / f"{name}.txt")


@dataclass
class Target:
    """Where to publish; `ca` is the authority of its certificate, where it speaks TLS; `path` is where uploads are sent."""

    url: str
    ca: Path | None = None
    path: str = "/legacy/"

    @property
    def uploads(self):
        return self.url + self.path

    def authority(self, *variables):
        return {variable: self.ca for variable in variables if self.ca}


# ---------------------------------------------------------------- building

def built_by(python, module):
    """By the backend's own two functions, as a frontend without isolation calls them."""
    code = f"import {module} as backend; backend.build_wheel('dist'); backend.build_sdist('dist')"

    def build(folder):
        (folder / "dist").mkdir()
        return client(folder.parent, python, "-c", code, within=folder)
    return build


def build_by_uv(folder):
    return client(folder.parent, BIN / "uv", "build", "--offline", within=folder)


def build_by_poetry(folder):
    return client(folder.parent, programs_of("poetry") / "poetry", "build", within=folder, **POETRY)


def build_by_hatch(folder):
    return client(folder.parent, programs_of("hatch") / "python", "-m", "hatchling", "build", within=folder)


def build_by_flit(folder):
    return client(folder.parent, programs_of("flit") / "flit", "build", within=folder, **FLIT)


# ---------------------------------------------------------------- publishing

# Nothing of Poetry's stays outside the run, and it makes no environment for a project that needs none.
POETRY = {"POETRY_VIRTUALENVS_CREATE": "false", "POETRY_KEYRING_ENABLED": "false", "POETRY_NO_INTERACTION": "1"}
PDM = {"PDM_CHECK_UPDATE": "0", "PDM_USE_VENV": "0"}
# Flit would ask PyPI for its classifiers; its archives are made alike each time, since it builds them anew to publish.
FLIT = {"FLIT_NO_NETWORK": "1", "SOURCE_DATE_EPOCH": "1700000000"}


def by_twine(program):
    def publish(folder, target, token, *words):
        words = [program, "upload", "--non-interactive", "--disable-progress-bar", "--repository-url", target.uploads, *words]
        return client(folder.parent, *words, *samples.distributions(folder), TWINE_USERNAME="__token__", TWINE_PASSWORD=token,
                      **target.authority("TWINE_CERT"))
    return publish


def by_uv(folder, target, token, *words):
    words = [BIN / "uv", "publish", "--trusted-publishing", "never", "--publish-url", target.uploads, *words]
    return client(folder.parent, *words, *samples.distributions(folder), UV_PUBLISH_TOKEN=token, **target.authority("SSL_CERT_FILE"))


def by_poetry(folder, target, token, *words):
    return client(folder.parent, programs_of("poetry") / "poetry", "publish", "--repository", "ours", *words, within=folder, **POETRY,
                  POETRY_REPOSITORIES_OURS_URL=target.uploads, POETRY_PYPI_TOKEN_OURS=token,
                  **target.authority("POETRY_CERTIFICATES_OURS_CERT"))


def by_pdm(folder, target, token, *words):
    return client(folder.parent, programs_of("pdm") / "pdm", "publish", "--no-build", *words, within=folder, **PDM,
                  PDM_PUBLISH_REPO=target.uploads, PDM_PUBLISH_USERNAME="__token__", PDM_PUBLISH_PASSWORD=token,
                  **target.authority("PDM_PUBLISH_CA_CERTS"))


def by_hatch(folder, target, token, *words):
    return client(folder.parent, programs_of("hatch") / "hatch", "publish", "--no-prompt", *words, within=folder,
                  HATCH_INDEX_REPO=target.uploads, HATCH_INDEX_USER="__token__", HATCH_INDEX_AUTH=token,
                  **target.authority("HATCH_INDEX_CA_CERT"))


def by_flit(folder, target, token, *words):
    return client(folder.parent, programs_of("flit") / "flit", "publish", *words, within=folder, **FLIT,
                  FLIT_INDEX_URL=target.uploads, FLIT_USERNAME="__token__", FLIT_PASSWORD=token,
                  **target.authority("REQUESTS_CA_BUNDLE"))


# ---------------------------------------------------------------- all of them

@dataclass
class Uploader:
    """`name` is what docs/guide/clients.md calls it; `skips` are the words by which it skips what the index has."""

    name: str
    backend: tuple
    build: Callable
    publish: Callable
    skips: str | None = None

    @property
    def project(self):
        return f"by-{self.name.lower().replace(' ', '-').replace('.', '-')}"

    def authored(self, folder, version, doc="Made for a test."):
        """The project's folder with its two archives; raises where the backend fails."""
        samples.author(folder, self.project, version, self.backend, doc)
        code, output = self.build(folder)
        if code or len(samples.distributions(folder)) != 2:
            raise RuntimeError(f"{self.name} built nothing: exit {code}: {output}")
        return folder


def uploaders():
    setuptools = built_by(BIN / "python", samples.SETUPTOOLS[1])
    return [
        Uploader("twine 7.0", samples.SETUPTOOLS, setuptools, by_twine(BIN / "twine")),
        Uploader("twine 6.2", samples.SETUPTOOLS, setuptools, by_twine(programs_of("twine-6.2") / "twine")),
        Uploader("uv", samples.UV, build_by_uv, by_uv),
        Uploader("Poetry", samples.POETRY, build_by_poetry, by_poetry, "--skip-existing"),
        Uploader("PDM", samples.PDM, built_by(programs_of("pdm") / "python", samples.PDM[1]), by_pdm, "--skip-existing"),
        Uploader("Hatch", samples.HATCHLING, build_by_hatch, by_hatch),
        Uploader("Flit", samples.FLIT, build_by_flit, by_flit),
    ]
