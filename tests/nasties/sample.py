"""What a nasty archive is a change of: the members of a good wheel and of a good sdist, both of one small project."""

import base64
import hashlib
from collections.abc import Callable
from typing import NamedTuple

PROJECT = "nasty"


class Case(NamedTuple):
    """An archive and what the index must say of it."""

    name: str
    kind: str  # "wheel" or "sdist"
    # Of a version, the archive's bytes.
    build: Callable[[str], bytes]
    # What a refusal has in it; None where the upload is accepted.
    refusal: str | None
    # The same under profile `pypi`, where that differs.
    pypi: str | None = None
    # Readings that the same reader gives now and then, with several threads in a race.
    either: tuple[str, ...] = ()

    def filename(self, version):
        return f"{PROJECT}-{version}-py3-none-any.whl" if self.kind == "wheel" else f"{PROJECT}-{version}.tar.gz"


def module(who):
    """A module that says who wrote it: what a reader took shows which member it read."""
    return f'WHO = "{who}"\n'.encode()


def metadata(version, name=PROJECT, rest=""):
    return f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nSummary: Made for a test\n{rest}".encode()


def info(version):
    return f"{PROJECT}-{version}.dist-info"


def record_row(path, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


def wheel_files(version, more=(), without=(), **changed):
    """Path → content of a good wheel; `changed` by the last part of the path, `more` beside them. RECORD tells of what is there,
    unless it is changed itself."""
    at = lambda name: f"{info(version)}/{name}"
    files = {
        "nasty.py": module("good"),
        at("METADATA"): metadata(version),
        at("WHEEL"): b"Wheel-Version: 1.0\nGenerator: touchplate tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    for path in files:
        files[path] = changed.get(path.rsplit("/", 1)[-1].removesuffix(".py"), files[path])
    files.update(more)
    files = {path: content for path, content in files.items() if path.rsplit("/", 1)[-1] not in without}
    if "RECORD" not in without:
        rows = "".join(record_row(path, content) for path, content in files.items())
        record = f"{rows}{at('RECORD')},,\n".encode()
        change = changed.get("RECORD", record)
        files[at("RECORD")] = change(record) if callable(change) else change
    return files


# Builds a wheel that tells what it found in the unpacked sdist, without anything from the network.
BACKEND = b'''import os, pathlib, zipfile

def seen():
    for folder, folders, names in os.walk(".", followlinks=False):
        for name in sorted(folders + names):
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, ".").encode("utf-8", "backslashreplace").decode().replace("\\n", "\\\\n")
            if os.path.islink(path):
                yield shown, "-> " + os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    head = file.read(200)
                who = head.split(b'"')[1].decode() if head.startswith(b'WHO = "') else f"{os.path.getsize(path)} bytes"
                yield shown, who
            elif os.path.isdir(path) and not os.listdir(path):
                yield shown, "empty folder"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    fields = dict(line.split(": ", 1) for line in pathlib.Path("PKG-INFO").read_text().splitlines() if ": " in line)
    info = f"nasty-{fields['Version']}.dist-info"
    name = f"nasty-{fields['Version']}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("seen.txt", "".join(f"{path}\\t{what}\\n" for path, what in sorted(set(seen()))))
        wheel.writestr(f"{info}/METADATA", pathlib.Path("PKG-INFO").read_text())
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: touchplate tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", f"seen.txt,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
    return name

def build_sdist(folder, config_settings=None):
    raise NotImplementedError
'''
PYPROJECT = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def sdist_files(version):
    """Path below the top-level directory → content of a good sdist."""
    return {"PKG-INFO": metadata(version), "pyproject.toml": PYPROJECT, "backend.py": BACKEND, "nasty.py": module("good")}
