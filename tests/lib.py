"""What the drivers share: a server on loopback, its admin commands, plain HTTP, small distributions, counted checks.

Standard library only. A driver that needs the Python clients calls `in_venv()` first.
"""

import atexit
import base64
import contextlib
import email.parser
import fcntl
import hashlib
import http.client
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.parse
import uuid
import zipfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))
import several

ROOT = Path(__file__).resolve().parents[1]
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
PREDICATES = {
    "https://docs.pypi.org/attestations/publish/v1": "publish",
    "https://slsa.dev/provenance/v1": "slsa",
}
# A debug build on a loaded two-core machine; a server that is not up by then is not coming up.
START_SECONDS = 30


# ---------------------------------------------------------------- checks that count

_lock = threading.Lock()
_counts = {"passed": 0, "failed": 0, "skipped": 0}


def _line(kind, word, name, detail=""):
    with _lock:
        _counts[kind] += 1
        print(f"{word:4} {name}" + (f": {detail}" if detail not in ("", None) else ""), flush=True)


def check(name, ok, detail=""):
    """Counts one check; the detail, or what it returns, is shown where it failed."""
    detail = "" if ok else detail() if callable(detail) else detail
    _line("passed" if ok else "failed", "ok" if ok else "FAIL", name, detail)
    return bool(ok)


def skip(name, why):
    """Counts one check that could not be made here. `./test` repeats these lines at its end."""
    _line("skipped", "skip", name, why)


def say(text):
    """A figure or a remark that counts as nothing."""
    with _lock:
        print(f"     {text}", flush=True)


def finish():
    """Prints the closing line and leaves: 0 if nothing failed."""
    print(", ".join(f"{count} {kind}" for kind, count in _counts.items()), flush=True)
    sys.exit(1 if _counts["failed"] else 0)


# ---------------------------------------------------------------- where things are

def in_venv():
    """Goes on inside the project's own virtual environment, made if it is not there."""
    python = ROOT / ".venv" / "bin" / "python"
    subprocess.run([ROOT / "tests" / "venv"], check=True, stdout=subprocess.DEVNULL)
    if Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        os.execv(python, [str(python), *sys.argv])


@contextlib.contextmanager
def one_at_a_time(name):
    """While something below this folder is made that two steps of `./test` may want at the same time."""
    with open(ROOT / f".venv-{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def venv(name, requirements):
    """A virtual environment beside `.venv`, for a client whose dependencies are its own: made of these requirements, or left
    alone if it was made of them; its folder of programs. Needs `in_venv()`."""
    folder, wanted = ROOT / f".venv-{name}", Path(requirements).read_bytes()
    made_from = folder / "made-from"
    with one_at_a_time(name):
        if not made_from.is_file() or made_from.read_bytes() != wanted:
            uv = ROOT / ".venv" / "bin" / "uv"
            subprocess.run([uv, "venv", "--quiet", "--clear", "--no-config", "--python", sys.executable, folder], check=True)
            install = ["pip", "install", "--quiet", "--no-config", "--no-deps", "--python", folder / "bin" / "python"]
            subprocess.run([uv, *install, "--requirement", requirements], check=True)
            made_from.write_bytes(wanted)
    return folder / "bin"


def binary(*profile):
    """The `touchplate` under test: `TOUCHPLATE_BIN`, or what cargo builds."""
    if "TOUCHPLATE_BIN" not in os.environ:
        os.environ["TOUCHPLATE_BIN"] = _built(*profile)
    return os.environ["TOUCHPLATE_BIN"]


def example(package, name, *profile):
    """An example of a package, as cargo builds it."""
    # Without a profile, of the whole workspace: the dependencies then have the features that they were built with for the tests.
    where = ("--package", package) if profile else ("--workspace",)
    return _built(*profile, options=(*where, "--example", name), name=name)


def _built(*profile, options=("--bin", "touchplate"), name="touchplate"):
    command = ["cargo", "build", "--quiet", *options, "--message-format", "json", *profile]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == name:
            return message["executable"]
    raise SystemExit(f"cargo built no binary named `{name}`")


def corpus():
    """The attestation corpus, or None where it is not laid beside the project."""
    folder = Path(os.environ.get("TOUCHPLATE_CORPUS", ROOT / ".." / "shared" / "corpus")).resolve()
    return folder if (folder / "MANIFEST.json").is_file() else None


def corpus_rows(folder):
    return json.loads((folder / "MANIFEST.json").read_bytes())["cases"]


@contextlib.contextmanager
def scratch(name):
    """A folder for one driver's run, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"touchplate-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(**extra):
    """This process' environment without any setting that would reach the programs under test."""
    ours = ("TOUCHPLATE_", "PIP_", "UV_", "TWINE_", "PYTHON", "REQUESTS_", "CURL_", "SSL_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {**kept, "NO_COLOR": "1", **{k: str(v) for k, v in extra.items()}}


# ---------------------------------------------------------------- the program under test

_running = set()
# However a driver ends, no server of its outlives it.
atexit.register(lambda: [server.stop() for server in list(_running)])


class Server:
    """`touchplate serve` on a free port of loopback, or on the one that is named; stopped by its own process id. With
    `TOUCHPLATE_TEST_PROCESSES=2` two of them behind nginx, each with a data folder of its own: `several.py`."""

    def __init__(self, data, trusted_root=None, wrapper=(), options=(), listen="127.0.0.1:0"):
        self.data, self.front, self.beside = Path(data), None, []
        # Who wraps a server looks at one process, and whoever names a port at one address.
        if several.processes() > 1 and not wrapper and listen.endswith(":0"):
            self.front = several.Front(self.data, options)
            options = self.front.options
        if trusted_root is not None:
            options = [*options, "--trusted-root", trusted_root]
        self._start([*wrapper, binary(), "serve", "--data", self.data, "--listen", listen, *options], wrapper)
        if self.front:
            folders = self.front.data_folders(self.data)
            self.beside = [Server(folder, trusted_root, ("env",), self.front.options, listen) for folder in folders]
            self.url = self.front.start([self, *self.beside])

    def _start(self, command, wrapper):
        self.log_path = self.data.with_name(self.data.name + ".log")
        began = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=environment(**several.located(self.data))
            )
        self.pid = self.process.pid
        _running.add(self)
        self.url = self._listening()
        self.start_ms = (time.monotonic() - began) * 1000
        if wrapper and wrapper != ("env",):
            self.pid = _only_child(self.process.pid)
        # Drained, so that a server that writes more to its standard output never waits for us.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    @classmethod
    def over_tls(cls, folder, data, *arguments, **named):
        """The same with a certificate for loopback by an authority of the run's own, both made in `folder`: `ca`."""
        # Here, since it needs this module.
        import jobs

        ca, certificate, key = jobs.certificate_authority(folder)
        options = [*named.pop("options", ()), "--tls-cert", certificate, "--tls-key", key]
        server = cls(data, *arguments, options=options, **named)
        server.ca = ca
        return server

    def _listening(self):
        deadline = threading.Timer(START_SECONDS, self.process.kill)
        deadline.start()
        try:
            for line in self.process.stdout:
                if line.startswith(b"listening on "):
                    return line.split()[2].decode().rstrip("/")
        finally:
            deadline.cancel()
        raise RuntimeError(f"the server ended, or took over {START_SECONDS} s, before `listening on`: {self.log_tail()}")

    def log_tail(self):
        return self.log_path.read_text(errors="replace")[-2000:]

    def kill(self):
        """`kill -9`, at once."""
        for server in (self, *self.beside):
            os.kill(server.pid, 9)
        for server in (self, *self.beside):
            server.process.wait()
            _running.discard(server)
        if self.front:
            self.front.stop()

    def stop(self):
        """As an operator would; by force if it does not go."""
        for server in self.beside:
            server.stop()
        if self.front:
            self.front.stop()
        _running.discard(self)
        if self.process.poll() is None:
            os.kill(self.pid, 15)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.kill(self.pid, 9)
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def memory_kib(self, key="VmHWM"):
        """A line of `/proc/PID/status` that is given in kB: VmHWM is the most that was ever resident."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise KeyError(key)

    def cpu_seconds(self):
        """What the process has used until now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _only_child(pid):
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = (task / "children").read_text().split()
        if children:
            return int(children[0])
    raise RuntimeError(f"process {pid} has no child")


def admin(data, *words):
    """`touchplate admin …` on a data directory; its standard output. Raises where it fails."""
    done = try_admin(data, *words)
    if done.returncode:
        raise RuntimeError(f"admin {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def try_admin(data, *words):
    command = [binary(), "admin", *map(str, words), "--data", str(data)]
    where = environment(**several.located(data))
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=where)


def narrowed(token, *words):
    """`touchplate token narrow …`; the token that is left. Raises where it fails."""
    command = [binary(), "token", "narrow", *map(str, words)]
    return subprocess.run(command, input=token, capture_output=True, text=True, env=environment(), check=True).stdout.strip()


def new_index(data, project=None, publisher=None, user="alice"):
    """A data directory with a user, and a project with a publisher if asked for; a token for all projects."""
    admin(data, "user", "add", user)
    token = admin(data, "token", "create", "--user", user)
    if project:
        admin(data, "project", "create", project, "--owner", user)
    if publisher:
        admin(data, "publisher", "add", "--project", project, *publisher_words(publisher))
    return token


def publisher_words(publisher):
    """A PEP 740 publisher object as the words of `admin publisher add`."""
    words = ["--kind", publisher["kind"].lower()]
    for key, value in publisher.items():
        if key not in ("kind", "claims") and value:
            words += ["--" + key.replace("_", "-"), value]
    return words


GITHUB_WORKFLOW = re.compile(r"https://github\.com/([^/]+/[^/]+)/\.github/workflows/([^@]+)@")


def publisher_of(row):
    """The publisher that a corpus row expects; where it has an identity instead, the publisher with that identity."""
    if row.get("publisher"):
        return row["publisher"]
    identity = row["identity"]
    if workflow := GITHUB_WORKFLOW.match(identity["san"]):
        return {"kind": "GitHub", "repository": workflow[1], "workflow": workflow[2]}
    return {"kind": "Email", "email": identity["san"], "issuer": identity["issuer"]}


# ---------------------------------------------------------------- HTTP, as plain as it gets

class Reply(NamedTuple):
    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    def __str__(self):
        return f"{self.status} {self.reason} {self.body[:300]!r}"


def connect(url):
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname in ("127.0.0.1", "localhost"), "loopback only"
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)


def fetch(url, method="GET", headers=None, body=None):
    connection = connect(url)
    try:
        parts = urllib.parse.urlsplit(url)
        connection.request(method, parts.path or "/", body=body, headers=headers or {})
        return reply_of(connection)
    finally:
        connection.close()


def reply_of(connection):
    response = connection.getresponse()
    return Reply(response.status, response.reason, response.headers, response.read())


def listing(server_url, project):
    """Filename → file entry of a project's Simple JSON page; None if there is no such project."""
    page = f"{server_url}/simple/{project}/"
    reply = fetch(page, headers={"Accept": SIMPLE_JSON})
    if reply.status == 404:
        return None
    if reply.status != 200:
        raise RuntimeError(f"{page} answered {reply}")
    entries = json.loads(reply.body)["files"]
    # A file's URL may be relative to the page's (PEP 691).
    return {entry["filename"]: {**entry, "url": urllib.parse.urljoin(page, entry["url"])} for entry in entries}


def basic(token):
    return {"Authorization": "Basic " + base64.b64encode(f"__token__:{token}".encode()).decode()}


def multipart_ends(filename, fields):
    """(content type, bytes before the file's, bytes after the file's) of an upload form."""
    boundary = uuid.uuid4().hex
    head = b""
    for name, value in fields:
        value = value if isinstance(value, bytes) else value.encode()
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
    head += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    return f"multipart/form-data; boundary={boundary}", head, f"\r\n--{boundary}--\r\n".encode()


def form_fields(filename, content, attestations=None):
    """The form of an upload, from the archive's own metadata."""
    return form_fields_of(filename, core_metadata(filename, content), hashlib.sha256(content).hexdigest(), attestations)


def form_fields_of(filename, metadata, sha256, attestations=None):
    is_wheel = filename.endswith(".whl")
    fields = [
        (":action", "file_upload"),
        ("protocol_version", "1"),
        ("metadata_version", metadata["Metadata-Version"]),
        ("name", metadata["Name"]),
        ("version", metadata["Version"]),
        ("filetype", "bdist_wheel" if is_wheel else "sdist"),
        ("pyversion", "py3" if is_wheel else "source"),
        ("sha256_digest", sha256),
    ]
    for field, header in (("summary", "Summary"), ("requires_python", "Requires-Python")):
        if metadata[header]:
            fields.append((field, metadata[header]))
    if attestations is not None:
        fields.append(("attestations", attestations))
    return fields


def upload_form(filename, content, attestations=None):
    """(body, headers) of an upload. `attestations` is that field's value, bytes as they are."""
    content_type, head, tail = multipart_ends(filename, form_fields(filename, content, attestations))
    return head + content + tail, {"Content-Type": content_type}


def upload(server_url, token, filename, content, attestations=None):
    body, headers = upload_form(filename, content, attestations)
    return fetch(f"{server_url}/legacy/", "POST", {**headers, **basic(token)}, body)


# ---------------------------------------------------------------- distributions

def core_metadata(filename, content):
    if filename.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            raw = archive.read(next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA")))
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = (m for m in archive if m.name.count("/") == 1 and m.name.endswith("/PKG-INFO"))
            raw = archive.extractfile(next(members)).read()
    return email.parser.BytesHeaderParser().parsebytes(raw)


def metadata_text(name, version, requires=()):
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Made for a test\nRequires-Python: >=3.8\n"
    return text + "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def urlsafe(digest):
    """As a wheel's RECORD writes digests."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def record_line(path, content):
    return f"{path},sha256={urlsafe(hashlib.sha256(content).digest())},{len(content)}\n"


def wheel(name, version, payload=b"", requires=()):
    """(filename, bytes) of a small real wheel that installs; `payload` is a data file in it, stored as it is, `requires` are
    its dependencies."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    members = {
        f"{module}/__init__.py": f'"""Made for a test."""\n__version__ = "{version}"\n'.encode(),
        f"{module}/payload.bin": payload,
        f"{info}/METADATA": metadata_text(name, version, requires).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: touchplate tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(record_line(path, content) for path, content in members.items()) + f"{info}/RECORD,,\n"
    members[f"{info}/RECORD"] = record.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return f"{module}-{version}-py3-none-any.whl", out.getvalue()


def sdist(name, version):
    """(filename, bytes) of a small real sdist that `flit_core` builds."""
    module = name.replace("-", "_")
    top = f"{module}-{version}"
    members = {
        "PKG-INFO": metadata_text(name, version),
        "pyproject.toml": (
            '[build-system]\nrequires = ["flit_core>=3.5"]\nbuild-backend = "flit_core.buildapi"\n'
            f'[project]\nname = "{name}"\nversion = "{version}"\ndescription = "Made for a test"\nrequires-python = ">=3.8"\n'
        ),
        f"{module}/__init__.py": f'"""Made for a test."""\n__version__ = "{version}"\n',
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in members.items():
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size = len(text.encode())
            # Build backends write zips, which know no time before 1980.
            member.mtime = 1_700_000_000
            archive.addfile(member, io.BytesIO(text.encode()))
    return f"{top}.tar.gz", out.getvalue()


# ---------------------------------------------------------------- what is on disk

def paths_under(data):
    """Every file's path; what comes and goes meanwhile may be missing."""
    # os.walk, not rglob: the latter raises where a folder goes away under it.
    return [Path(folder) / name for folder, _, names in os.walk(data) for name in names]


# What searches are answered from: made of the database at any time, and followed after an upload was answered.
SEARCH = "search.sqlite"


def database_of(data):
    """The data directory's SQLite file."""
    for path in sorted(paths_under(data)):
        if path.name.startswith(SEARCH):
            continue
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            if file.read(16) == b"SQLite format 3\0":
                return path
    raise RuntimeError(f"no SQLite database under {data}")


def rows(data):
    """Table → its rows, for every table of the data directory's database but coverage's sums and the turns of chores, which are
    written after an upload was answered; the server may be running."""
    with contextlib.closing(sqlite3.connect(f"file:{database_of(data)}?mode=ro", uri=True, timeout=10)) as database:
        names = [n for (n,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        names = [name for name in names if "coverage" not in name and name != "jobs"]
        return {name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"'))) for name in names}


def files_on_disk(data):
    """Path → size of each file under the data directory that is not the database's own."""
    elsewhere = several.located(data).get("TOUCHPLATE_DATABASE", "").startswith("postgres")
    names = (SEARCH,) if elsewhere else (database_of(data).name, SEARCH)
    found = {}
    for path in paths_under(data):
        with contextlib.suppress(FileNotFoundError):
            if not path.name.startswith(names):
                found[str(path.relative_to(data))] = path.stat().st_size
    return found


def until(condition, seconds=2.0):
    """Whether the condition came true within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
