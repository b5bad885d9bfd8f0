"""What pip and uv make of an archive: each installs it for real, into a folder of its own, and what it wrote is told."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import lib
from sample import PROJECT

# Where the archives that lead to a root would lead.
ABSOLUTE = Path("/tmp/touchplate-nasty.py")
# Of a reader's own message: its first words tell which rule it was.
MESSAGE_CHARS = 110
WHO = re.compile(rb'WHO = "(\w+)"\s*')


class Readers:
    """pip on the file, uv on the file, and uv on the index at `url`, which it reads as a stream. One archive at a time."""

    NAMES = ("pip", "uv", "uv from an index")

    def __init__(self, url, cache):
        self.url = url
        # Of uv: what it knows of the Python that it installs for. No archive is in it twice, since each has a name of its own.
        self.cache = cache
        self.tools = Path(sys.prefix) / "bin"
        again = Path(__file__).resolve().parent / "pip_again.py"
        self.pip = subprocess.Popen([self.tools / "python", again], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=lib.environment())

    def close(self):
        self.pip.stdin.close()
        self.pip.wait()

    def by_uv(self, *words):
        uv = [self.tools / "uv", "pip", "install", "--quiet", "--no-config", "--cache-dir", self.cache, "--python", self.tools / "python"]
        return [*uv, *words]

    def read(self, folder, path, version):
        """One reading each."""
        runs = (
            lambda target, place: self.run_pip(["install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-cache-dir", "--no-compile", *shared(target), path], place),
            lambda target, place: run(self.by_uv("--offline", "--no-index", *shared(target), path), place),
            lambda target, place: run(self.by_uv("--index-url", f"{self.url}/simple", *shared(target), f"{PROJECT}=={version}"), place),
        )
        readings = []
        for number, reader in enumerate(runs):
            # Deep enough that what leads upwards stays in `folder`.
            place = folder / str(number) / "a" / "b" / "c" / "d"
            (place / "tmp").mkdir(parents=True)
            code, said = reader(place / "target", place)
            readings.append(self.reading(code, said, folder / str(number), place / "target", version))
            shutil.rmtree(folder / str(number), ignore_errors=True)
        return readings

    def run_pip(self, words, place):
        said = place / "said"
        line = [[str(word) for word in words], str(place), surroundings(place), str(said)]
        print(json.dumps(line), file=self.pip.stdin, flush=True)
        return int(self.pip.stdout.readline()), said.read_bytes().decode(errors="replace")

    def reading(self, code, said, folder, target, version):
        escaped = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name.startswith("evil") and target not in path.parents and "tmp" not in path.parts)
        if ABSOLUTE.exists():
            ABSOLUTE.unlink()
            escaped.append(str(ABSOLUTE))
        outside = f"; wrote outside: {', '.join(escaped)}" if escaped else ""
        if code:
            return f"refuses: {message(said, folder, version)}{outside}"
        return f"{tree(target, version)}{outside}"


def shared(target):
    return ["--no-deps", "--no-build-isolation", "--target", target]


def surroundings(place):
    return {key: str(value) for key, value in lib.environment(TMPDIR=place / "tmp", HOME=place / "tmp").items()}


def run(command, place):
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, env=surroundings(place), timeout=120)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def tree(target, version):
    """What was installed: of an sdist what its build saw, of a wheel each file but those that every wheel has."""
    seen = target / "seen.txt"
    if seen.is_file():
        rows = [line.split("\t", 1) for line in seen.read_text().split("\n") if line]
        found = {path: what for path, what in rows if path not in ("PKG-INFO", "pyproject.toml", "backend.py") and not is_left_over(path)}
    else:
        found = {}
        for folder, folders, names in os.walk(target):
            for name in folders + names:
                path = Path(folder, name)
                shown = os.path.relpath(path, target)
                own = f"{PROJECT}-{version}.dist-info"
                if shown == own or shown.startswith(own + "/") and name in ("METADATA", "WHEEL", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"):
                    continue
                if is_left_over(shown):
                    continue
                if path.is_symlink():
                    found[shown] = "-> " + os.readlink(path)
                elif path.is_file():
                    content = path.read_bytes()
                    if content.startswith(b"#!/"):
                        # The path of the interpreter is this machine's.
                        content = content.partition(b"\n")[2]
                    who = WHO.fullmatch(content)
                    found[shown] = who[1].decode() if who else f"{len(content)} bytes"
                elif not any(path.iterdir()):
                    found[shown] = "empty folder"
    def shown(path):
        # File systems have bytes, tables text; a control character would end a row.
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").encode("unicode_escape").decode() if not path.isprintable() else path
    text = ", ".join(f"{shown(path)}: {what}" for path, what in sorted(found.items())).replace(version, "VERSION")
    return shortened(text or "nothing")


def shortened(text):
    return text if len(text) <= MESSAGE_CHARS else text[:MESSAGE_CHARS].rstrip() + "…"


def is_left_over(path):
    parts = path.split("/")
    return any(part in ("__pycache__", ".lock", ".git", "build") or part.endswith((".egg-info", ".pyc")) for part in parts)


def message(stderr, folder, version):
    """A reader's last word, without what differs from run to run."""
    text = stderr.replace(str(folder), "…")
    if "╰─▶" in text:
        text = text.rsplit("╰─▶", 1)[1]
    else:
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("[notice]", "hint:"))]
        errors = [line for line in lines if line.startswith("ERROR: ") and line.strip() != "ERROR: Exception:"]
        text = (errors or lines or ["(no message)"])[-1]
    text = re.sub(r"[\s│]+", " ", text).strip().removeprefix("ERROR: ").removeprefix("error: ")
    text = re.sub(r"/(?:[\w.-]+/)*touchplate-nasties-[\w./-]*", "…", text.replace(version, "VERSION"))
    text = re.sub(r"http://127\.0\.0\.1:\d+", "INDEX", text)
    text = re.sub(r"(/|…)[\w./…~-]*/(?=nasty)", "…/", text)
    text = re.sub(r"\.tmp\w+|pip-[\w-]+-\w{8}|(?<=[0-9a-f]{8})[0-9a-f]{8,}", "TMP", text)
    # pip lists a set.
    text = re.sub(r"(?<=\.dist-info directories found: ).*", lambda found: ", ".join(sorted(found[0].split(", "))), text)
    return shortened(text)
