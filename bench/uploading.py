"""What `bench/uploads` uploads, and the servers that take it."""

import io
import random
import secrets
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "tests")]
import lib
import peers
import posting

SERVER_CORE, CLIENT_CORE, BOTH_CORES = 0, 1, "0,1"
WHEEL_BYTES = 18_800
FILES_OF_A_PROJECT = 10
ATTESTED_PROJECTS = 10
SETTLE_SECONDS = 3
LARGE_MEMBERS, LARGE_MEMBER_BYTES = 50, 19_000_000


# ---------------------------------------------------------------- servers

class Touchplate(peers.Peer):
    """Over a data directory of its own, new or given."""

    name = "touchplate"

    def __init__(self, folder, core=SERVER_CORE, data=None, root=None):
        self.root = root
        folder.mkdir(parents=True, exist_ok=True)
        self.data = data or folder / f"data-{secrets.token_hex(4)}"
        self.token = (self.data / "token").read_text() if data else lib.new_index(self.data)
        super().__init__(core, folder, None)

    def start(self):
        trust = ["--trusted-root", self.root] if self.root else []
        self.run(lib.binary(), "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", *trust, env={"TOUCHPLATE_LOG": "warn"})

    def settle(self):
        """Waits until it has done what it does after a start: in a large index, making what searches are answered from."""
        before = -1.0
        while (now := self.cpu_seconds()) - before > 0.02 * SETTLE_SECONDS:
            before = now
            time.sleep(SETTLE_SECONDS)

    def peak_kib(self):
        """The most memory that it ever had."""
        (line,) = [line for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1])

    def requests(self, forms):
        return [posting.request("/legacy/", {**headers, **lib.basic(self.token)}, body) for body, headers in forms]


class Devpi(peers.Devpi):
    """An index of its own with nothing in it, and a login token, which is checked sooner than a password."""

    def fill(self):
        self.auth = self.make_index()

    def __init__(self, folder):
        shutil.rmtree(folder / "devpi", ignore_errors=True)
        super().__init__(SERVER_CORE, folder, Nothing)

    def requests(self, forms):
        return [posting.request("/root/bench/", {**headers, **self.auth}, body) for body, headers in forms]


class Nothing:
    """The corpus of who has none yet."""

    few = ()


class Pypiserver(peers.Peer):
    """It looks at every file for every upload: it gets a folder that is empty at first, which is the best that it can do."""

    name = "pypiserver"

    def __init__(self, folder):
        self.packages = folder / "pypiserver"
        shutil.rmtree(self.packages, ignore_errors=True)
        self.packages.mkdir(parents=True)
        super().__init__(SERVER_CORE, folder, None)

    def start(self):
        self.run(peers.installed("pypi-server"), "run", "-i", "127.0.0.1", "-p", self.port, "-P", ".", "-a", ".", "--disable-fallback", self.packages)

    def requests(self, forms):
        return [posting.request("/", headers, body) for body, headers in forms]


# ---------------------------------------------------------------- what is uploaded

def new_forms(count, project=None, start=0):
    """Forms of so many wheels of 20 kB: of new projects with ten files each, or all of one."""
    run = secrets.token_hex(4)
    for number in range(start, start + count):
        name = project or f"up-{run}-{number // FILES_OF_A_PROJECT:04}"
        version = f"{number // 100}.{number // 10 % 10}.{number % 10}"
        yield lib.upload_form(*lib.wheel(name, version, random.Random(f"{run} {number}").randbytes(WHEEL_BYTES)))


class Attested:
    """Forms of wheels with one attestation each, and the root that vouches for it."""

    def __init__(self, folder, count):
        self.root, self.used = folder / "trusted_root.json", 0
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        files = -(-count // ATTESTED_PROJECTS)
        program = lib.example("touchplate-server", "uploads", "--release")
        subprocess.run([program, folder, str(ATTESTED_PROJECTS), str(files), str(WHEEL_BYTES)], check=True)
        self.forms = [folder / f"attested-{number % ATTESTED_PROJECTS}" / f"{number // ATTESTED_PROJECTS}.form" for number in range(count)]

    def prepare(self, server):
        for number in range(ATTESTED_PROJECTS):
            name = f"attested-{number}"
            lib.admin(server.data, "project", "create", name, "--owner", "alice")
            lib.admin(server.data, "publisher", "add", "--project", name, "--kind", "github", "--repository", f"example/{name}", "--workflow", "release.yml")

    def next(self, count):
        taken, self.used = self.forms[self.used : self.used + count], self.used + count
        for form in taken:
            body = form.read_bytes()
            boundary = body[2 : body.index(b"\r\n")].decode()
            yield body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def large_wheel(folder):
    """A wheel of about 500 MB whose members deflate to somewhat more than half, as compiled code does."""
    path = folder / "large-1.0-py3-none-any.whl"
    if not path.exists():
        print("making a wheel of 500 MB", flush=True)
        _, small = lib.wheel("large", "1.0")
        noise = random.Random("large")
        record = []
        with zipfile.ZipFile(path.with_suffix(".new"), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(LARGE_MEMBERS):
                half = noise.randbytes(LARGE_MEMBER_BYTES // 2)
                content = b"".join(half[at : at + 40] + b"\0" * 30 for at in range(0, len(half), 40))[:LARGE_MEMBER_BYTES]
                archive.writestr(zipfile.ZipInfo(f"large/part{number}.bin"), content, zipfile.ZIP_DEFLATED)
                record.append(lib.record_line(f"large/part{number}.bin", content))
            with zipfile.ZipFile(io.BytesIO(small)) as given:
                for info in given.infolist():
                    content = given.read(info)
                    if info.filename.endswith("/RECORD"):
                        content = "".join(record).encode() + content
                    archive.writestr(zipfile.ZipInfo(info.filename), content)
        path.with_suffix(".new").rename(path)
    return path


REFERENCE = """
import hashlib, os, sys, time, zipfile
source, target = sys.argv[1:]
given = open(source, "rb").read()
began = time.perf_counter()
digests = [hashlib.sha256(), hashlib.md5(), hashlib.blake2b(digest_size=32)]
with open(target, "wb") as out:
    for at in range(0, len(given), 1 << 20):
        piece = given[at : at + (1 << 20)]
        [digest.update(piece) for digest in digests]
        out.write(piece)
    out.flush()
    os.fsync(out.fileno())
with zipfile.ZipFile(target) as archive:
    for info in archive.infolist():
        digest = hashlib.sha256()
        with archive.open(info) as member:
            while piece := member.read(1 << 20):
                digest.update(piece)
print(time.perf_counter() - began)
os.remove(target)
"""


def reference(path, folder):
    """Seconds of a program that has the bytes in memory: it hashes and writes them, and inflates and hashes the members."""
    command = [*peers.pinned(BOTH_CORES), sys.executable, "-c", REFERENCE, path, folder / "reference.whl"]
    return float(subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout)
