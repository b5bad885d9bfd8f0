"""The servers that `bench/run` and `bench/uploads` compare: each started pinned to one core, on a free port of loopback, over the same files.

A peer that is not installed is left out, and said to be. Python peers come from the virtual environment that `TOUCHPLATE_PEERS`
names (default: `target/peers`); `bench/run --install` makes it.
"""

import atexit
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import lib

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", lib.ROOT / "target"))
VENV = Path(os.environ.get("TOUCHPLATE_PEERS", TARGET / "peers"))
PYTHON_PEERS = ("pypiserver==2.4.2", "devpi-server==6.20.3", "devpi-web==5.1.1", "simpleindex==0.6.3")
HTML, JSON = "application/vnd.pypi.simple.v1+html", lib.SIMPLE_JSON
START_SECONDS = 60


def installed(program):
    """The program of that name, of the peers' environment or of the system; None if it is nowhere."""
    for place in (VENV / "bin" / program, Path("/usr/sbin") / program):
        if place.exists():
            return str(place)
    return shutil.which(program)


def install():
    """Makes the peers' environment."""
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    subprocess.run([VENV / "bin" / "pip", "--quiet", "install", *PYTHON_PEERS], check=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# Where it is permitted, servers and wrk run before everybody else's work: on a busy machine a measurement is still one. `nice` would not do:
# it counts within one login session only.
BEFORE_OTHERS = ["chrt", "--rr", "1"]
if not shutil.which("chrt") or subprocess.run([*BEFORE_OTHERS, "true"], stderr=subprocess.DEVNULL).returncode:
    BEFORE_OTHERS = []


def pinned(core):
    """A prefix for commands. `core` is one, or a list of them as taskset reads it."""
    return [*BEFORE_OTHERS, "taskset", "-c", str(core)]


class Peer:
    """A server that runs. `shapes` are those of pages that it has; what it does not compress, it does not code."""

    shapes, codings, big = ("html",), (), True

    def __init__(self, core, folder, corpus):
        self.core, self.folder, self.corpus = core, folder, corpus
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder.mkdir(parents=True, exist_ok=True)
        # However a measurement ends, no server outlives it.
        atexit.register(lambda: self.stop())
        self.start()
        self.await_answer()

    def run(self, *command, env=None):
        log = open(self.folder / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(
            [*pinned(self.core), *map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=lib.environment(**(env or {})))

    def await_answer(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{self.name} did not start; {self.folder}/{self.name}.log says why")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def cpu_seconds(self):
        """What the process and its children have used until now."""
        total, waiting = 0, [self.process.pid]
        while waiting:
            pid = waiting.pop()
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += sum(map(int, fields[11:13]))
                for task in Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
            except OSError:
                continue
        return total / os.sysconf("SC_CLK_TCK")

    def page(self, project):
        return f"{self.url}/simple/{project}/"

    def file(self, project, filename):
        return f"{self.url}{self.corpus.path_of[filename]}"


class Touchplate(Peer):
    name, shapes, codings = "touchplate", ("html", "json"), ("gzip", "zstd")

    def start(self):
        # As nginx: without a line for each request.
        self.run(lib.binary(), "serve", "--data", self.corpus.data, "--listen", f"127.0.0.1:{self.port}", env={"TOUCHPLATE_LOG": "warn"})


NGINX = """
worker_processes 1; pid {run}/nginx.pid; error_log {run}/error.log; daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 65;
  open_file_cache max=20000 inactive=60s; open_file_cache_valid 60s;
  client_body_temp_path {run}; proxy_temp_path {run}; fastcgi_temp_path {run}; uwsgi_temp_path {run}; scgi_temp_path {run};
  types {{ text/html html; application/vnd.pypi.simple.v1+json json; }}
  default_type application/octet-stream;
  map $http_accept $shape {{ default index.html; "~*application/vnd.pypi.simple.v1\\+json" index.json; }}
  # nginx has `gzip_static` alone: zstd's bytes are a tree of their own.
  map $http_accept_encoding $zstd {{ default ""; "zstd" "zstd"; }}
  map $zstd $tree {{ default {static}; "zstd" {static}-zstd; }}
  server {{
    listen 127.0.0.1:{port};
    root {static};
    location /simple/ {{ root $tree; gzip_static on; index $shape; add_header Content-Encoding $zstd; add_header Vary "Accept, Accept-Encoding"; }}
    location /files/ {{ }}
  }}
}}
"""


class Nginx(Peer):
    """The limit: the very bytes that touchplate answers with, as files."""

    name, shapes, codings = "nginx", ("html", "json"), ("gzip", "zstd")

    def start(self):
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.format(run=self.folder, static=self.corpus.static, port=self.port))
        # As root its worker would become nobody, who may not read what is below /root or a private /tmp.
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        self.run(installed("nginx"), "-c", config, "-p", self.folder, *user)


class Simpleindex(Peer):
    name = "simpleindex"

    def start(self):
        config = self.folder / "simpleindex.toml"
        config.write_text(f'[routes."{{project}}"]\nsource = "path"\nto = "{self.corpus.files}/{{project}}"\n\n[server]\nhost = "127.0.0.1"\nport = {self.port}\n')
        self.run(installed("simpleindex"), config)

    def page(self, project):
        return f"{self.url}/{project}/"

    def file(self, project, filename):
        return f"{self.url}/{project}/{filename}"


class Pypiserver(Peer):
    """It looks at every file for every answer: it gets the small project alone, which is the best that it can do."""

    name, big = "pypiserver", False

    def start(self):
        self.run(installed("pypi-server"), "run", "-i", "127.0.0.1", "-p", self.port, "-P", ".", "-a", ".", "--disable-fallback",
                 self.corpus.files / self.corpus.small)

    def file(self, project, filename):
        return f"{self.url}/packages/{filename}"


class Devpi(Peer):
    """It takes minutes for a project of 3,000 files: it gets the small project and the large file."""

    name, shapes, big = "devpi", ("html", "json"), False

    def start(self):
        state = self.folder / "devpi"
        is_new = not state.exists()
        if is_new:
            subprocess.run([installed("devpi-init"), "--serverdir", state, "--no-root-pypi", "--root-passwd", "root"],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.run(installed("devpi-server"), "--serverdir", state, "--host", "127.0.0.1", "--port", self.port, "--indexer-backend", "null")
        self.await_answer()
        if is_new:
            self.fill()
        self.files = {}
        for project in self.corpus.few:
            page = f"{self.url}/root/bench/+simple/{project}/"
            for entry in json.loads(lib.fetch(page, headers={"Accept": JSON}).body)["files"]:
                self.files[entry["filename"]] = urllib.parse.urljoin(page, entry["url"])

    def make_index(self):
        """The headers of somebody who may upload to it."""
        login = lib.fetch(f"{self.url}/+login", "POST", {"Content-Type": "application/json"}, json.dumps({"user": "root", "password": "root"}))
        token = json.loads(login.body)["result"]["password"]
        credentials = base64.b64encode(f"root:{token}".encode()).decode()
        auth = {"Authorization": f"Basic {credentials}", "X-Devpi-Auth": credentials}
        made = lib.fetch(f"{self.url}/root/bench", "PUT", {**auth, "Content-Type": "application/json"}, json.dumps({"bases": [], "volatile": True}))
        assert made.status == 200, made
        return auth

    def fill(self):
        auth = self.make_index()
        for project in self.corpus.few:
            for file in sorted((self.corpus.files / project).iterdir()):
                body, headers = lib.upload_form(file.name, file.read_bytes())
                done = lib.fetch(f"{self.url}/root/bench/", "POST", {**headers, **auth}, body)
                assert done.status == 200, done

    def page(self, project):
        return f"{self.url}/root/bench/+simple/{project}/"

    def file(self, project, filename):
        return self.files[filename].split("#")[0]


def available(wanted):
    """The kinds of peers that can run here, the limit and touchplate first; whoever is missing is told."""
    needs = {Touchplate: None, Nginx: "nginx", Simpleindex: "simpleindex", Pypiserver: "pypi-server", Devpi: "devpi-server"}
    kinds = []
    for kind, program in needs.items():
        if wanted and kind.name not in wanted:
            continue
        if program and not installed(program):
            print(f"without {kind.name}: `{program}` is not installed (bench/run --install makes {VENV}; nginx and wrk are Debian's)", flush=True)
            continue
        kinds.append(kind)
    return kinds
