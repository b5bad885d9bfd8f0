"""Other indexes, each installed at a pinned version below the target folder and started on loopback.

`start(folder)` of each gives a `Peer`, or raises `CannotRun` with the reason why this machine has none.
"""

import base64
import contextlib
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import lib

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", lib.ROOT / "target")) / "rivals"
# Pulp's migrations take half a minute where nothing else runs.
PATIENCE_SECONDS = 240


class CannotRun(Exception):
    """Why a peer cannot be had on this machine."""


@dataclass
class Peer:
    """An index that answers, with one user who may upload."""

    name: str
    upload_url: str
    simple_url: str
    username: str
    password: str
    stops: contextlib.ExitStack = field(repr=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stops.close()


# ---------------------------------------------------------------- parts

def installed(name):
    """The folder of the peer's programs, in a virtual environment of its own."""
    venv, requirements = TARGET / name, HERE / "requirements" / f"{name}.txt"
    made_from = venv / "made-from"
    if not made_from.is_file() or made_from.read_bytes() != requirements.read_bytes():
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True, capture_output=True)
            install = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements]
            subprocess.run(install, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            raise CannotRun(f"it could not be installed: {str(error.stderr).strip()[-300:]}") from error
        made_from.write_bytes(requirements.read_bytes())
    return venv / "bin"


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def serve(stops, log, words, **settings):
    """Starts a program of a peer, which `stops` ends by its own process id."""
    with open(log, "ab") as output:
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env=lib.environment(**settings), start_new_session=True)
    stops.callback(end, process)
    return process


def end(process):
    """The program and what it forked: it leads a session of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 15)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()


def answers(process, url, log):
    """Waits until the peer answers at all."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            try:
                urllib.request.urlopen(url, timeout=30).close()
            except urllib.error.HTTPError:
                pass
            return
        time.sleep(0.2)
    raise CannotRun(f"it did not start: {log.read_text(errors='replace')[-500:]}")


def ask(method, url, value=None, headers=None):
    """A JSON question to a peer's own interface; its JSON answer."""
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(url, body, {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def basic(username, password):
    return base64.b64encode(f"{username}:{password}".encode()).decode()


# ---------------------------------------------------------------- pypiserver

def pypiserver(folder):
    """pypiserver over a folder; uploads ask for a password, reading does not."""
    programs = installed("pypiserver")
    packages, passwords, log = folder / "packages", folder / "htpasswd", folder / "pypiserver.log"
    packages.mkdir()
    password, port = secrets.token_hex(12), free_port()
    writes = "import sys; from passlib.apache import HtpasswdFile; f = HtpasswdFile(sys.argv[1], new=True); f.set_password('alice', sys.argv[2]); f.save()"
    subprocess.run([programs / "python", "-c", writes, passwords, password], check=True, capture_output=True)
    stops, url = contextlib.ExitStack(), f"http://127.0.0.1:{port}"
    process = serve(stops, log, [programs / "pypi-server", "run", "-i", "127.0.0.1", "-p", port, "-P", passwords, "-a", "update", "--disable-fallback", packages])
    with stopping_on_error(stops):
        answers(process, f"{url}/simple/", log)
    return Peer("pypiserver", f"{url}/", f"{url}/simple/", "alice", password, stops)


@contextlib.contextmanager
def stopping_on_error(stops):
    try:
        yield
    except BaseException:
        stops.close()
        raise


# ---------------------------------------------------------------- devpi

def devpi(folder):
    """devpi-server with one index as its makers make them: volatile, so that a second file of a name replaces the first."""
    programs = installed("devpi-server")
    data, log = folder / "devpi", folder / "devpi.log"
    root, password, port = secrets.token_hex(12), secrets.token_hex(12), free_port()
    subprocess.run([programs / "devpi-init", "--serverdir", data, "--no-root-pypi", "--root-passwd", root], check=True, capture_output=True, env=lib.environment())
    stops, url = contextlib.ExitStack(), f"http://127.0.0.1:{port}"
    process = serve(stops, log, [programs / "devpi-server", "--serverdir", data, "--host", "127.0.0.1", "--port", port])
    with stopping_on_error(stops):
        answers(process, f"{url}/+api", log)

        def login(user, word):
            token = ask("POST", f"{url}/+login", {"user": user, "password": word})["result"]["password"]
            return {"X-Devpi-Auth": basic(user, token)}

        ask("PUT", f"{url}/alice", {"password": password}, login("root", root))
        ask("PUT", f"{url}/alice/dev", {"type": "stage", "bases": []}, login("alice", password))
    return Peer("devpi", f"{url}/alice/dev/", f"{url}/alice/dev/+simple/", "alice", password, stops)


# ---------------------------------------------------------------- pulp_python

def postgres(stops):
    """A PostgreSQL of Debian's on loopback; root starts it as the user `postgres`, which alone it accepts. Its port."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    initdb = shutil.which("initdb") or (binaries and shutil.which("initdb", path=str(binaries[-1])))
    if not initdb:
        raise CannotRun("there is no PostgreSQL (Debian's package is `postgresql`)")
    programs, user = Path(initdb).resolve().parent, {}
    # Of its own, since it has to be reached by another user: other scratch folders are their maker's alone.
    home = Path(stops.enter_context(tempfile.TemporaryDirectory(prefix="touchplate-postgres-", ignore_cleanup_errors=True)))
    if os.geteuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError as error:
            raise CannotRun("PostgreSQL does not run as root, and there is no user `postgres`") from error
        os.chown(home, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    port, run = free_port(), {"check": True, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **user}
    made = subprocess.run([programs / "initdb", "-D", home / "data", "-A", "trust", "-U", "postgres", "--no-sync"], **{**run, "check": False})
    if made.returncode:
        raise CannotRun(f"initdb failed with {made.returncode}")
    # Nothing here outlives the run, so nothing has to survive a power cut.
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off -c synchronous_commit=off"
    subprocess.run([programs / "pg_ctl", "-D", home / "data", "-w", "-l", home / "log", "-o", options, "start"], **run)
    stops.callback(subprocess.run, [programs / "pg_ctl", "-D", home / "data", "-m", "immediate", "-w", "stop"], **run)
    return port


def pulp_settings(folder, port, api, content):
    """Pulp's settings in a file, and the variable that names it."""
    import cryptography.fernet

    (folder / "database.key").write_bytes(cryptography.fernet.Fernet.generate_key())
    for name in ("tmp", "media", "assets"):
        (folder / name).mkdir()
    values = {
        "SECRET_KEY": secrets.token_hex(25),
        "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres", "HOST": "127.0.0.1", "PORT": str(port)}},
        "DB_ENCRYPTION_KEY": str(folder / "database.key"),
        "DEPLOY_ROOT": str(folder),
        "MEDIA_ROOT": str(folder / "media"),
        "STATIC_ROOT": str(folder / "assets"),
        "WORKING_DIRECTORY": str(folder / "tmp"),
        "FILE_UPLOAD_TEMP_DIR": str(folder / "tmp"),
        "CONTENT_ORIGIN": f"http://127.0.0.1:{content}",
        "PYPI_API_HOSTNAME": f"http://127.0.0.1:{api}",
        # It would tell its makers over the internet.
        "ANALYTICS": False,
    }
    path = folder / "settings.py"
    path.write_text("".join(f"{key} = {value!r}\n" for key, value in values.items()))
    return {"PULP_SETTINGS": path}


def pulp(folder):
    """pulp_python: an API, a content server, one worker. Its Redis is an option, and is left out."""
    programs = installed("pulp-python")
    stops = contextlib.ExitStack()
    with stopping_on_error(stops):
        api, content, log, password = free_port(), free_port(), folder / "pulp.log", secrets.token_hex(12)
        settings = pulp_settings(folder, postgres(stops), api, content)
        for words in (["migrate", "--noinput", "--verbosity", "0"], ["reset-admin-password", "--password", password]):
            done = subprocess.run([programs / "pulpcore-manager", *words], capture_output=True, text=True, env=lib.environment(**settings))
            if done.returncode:
                raise CannotRun(f"pulpcore-manager {words[0]} failed: {done.stderr[-500:]}")
        serve(stops, log, [programs / "pulpcore-worker"], **settings)
        serve(stops, log, [programs / "pulpcore-content", "-b", f"127.0.0.1:{content}"], **settings)
        process = serve(stops, log, [programs / "pulpcore-api", "-b", f"127.0.0.1:{api}", "--timeout", "120"], **settings)
        url = f"http://127.0.0.1:{api}"
        answers(process, f"{url}/pulp/api/v3/status/", log)
        pulp_index(url, {"Authorization": f"Basic {basic('admin', password)}"})
    return Peer("pulp_python", f"{url}/pypi/rivals/legacy/", f"{url}/pypi/rivals/simple/", "admin", password, stops)


def pulp_index(url, headers):
    """A repository and, by a task, the distribution that serves it."""
    own = f"{url}/pulp/api/v3"
    repository = ask("POST", f"{own}/repositories/python/python/", {"name": "rivals"}, headers)["pulp_href"]
    task = ask("POST", f"{own}/distributions/python/pypi/", {"name": "rivals", "base_path": "rivals", "repository": repository}, headers)["task"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (state := ask("GET", url + task, headers=headers)["state"]) != "completed":
        if state in ("failed", "canceled") or time.monotonic() > deadline:
            raise CannotRun(f"its index was not made: the task is {state}")
        time.sleep(0.2)


STARTS = {"pypiserver": pypiserver, "devpi": devpi, "pulp_python": pulp}
