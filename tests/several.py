"""Where the drivers' servers keep their rows and bytes, and how many processes one of them is.

`TOUCHPLATE_TEST_DATABASE=postgres` and `TOUCHPLATE_TEST_BLOBS=s3` put the rows and bytes of every data folder into a database and a prefix of its own;
`TOUCHPLATE_TEST_PROCESSES=2` puts two processes behind nginx, set up as docs/guide/several-processes.md says.
"""

import atexit
import hashlib
import os
import re
import shutil
import tempfile
import threading
from pathlib import Path

import engines

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guide" / "several-processes.md"
_started, _located, _lock = {}, {}, threading.RLock()


def processes():
    return int(os.environ.get("TOUCHPLATE_TEST_PROCESSES") or 1)


def _folder(name):
    folder = Path(tempfile.mkdtemp(prefix=f"touchplate-{name}-"))
    # PostgreSQL and nginx read below it as somebody else.
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def engine(kind):
    """The driver's one engine of a kind."""
    if kind not in _started:
        _started[kind] = kind(_folder("engine") / "it")
    return _started[kind]


def locate(data, database=None, blobs=None):
    """Says where the rows and bytes of a data folder are."""
    where = {"TOUCHPLATE_DATABASE": database, "TOUCHPLATE_BLOBS": blobs}
    _located[str(data)] = {key: value for key, value in where.items() if value}


def located(data):
    """The settings that say where the rows and bytes of a data folder are; none: in it."""
    with _lock:
        return _locate_anew(data) if str(data) not in _located else _located[str(data)]


def _locate_anew(data):
    name = "of_" + hashlib.sha256(str(Path(data).resolve()).encode()).hexdigest()[:16]
    in_postgres = os.environ.get("TOUCHPLATE_TEST_DATABASE") == "postgres"
    in_s3 = os.environ.get("TOUCHPLATE_TEST_BLOBS") == "s3"
    locate(data, engine(engines.Postgres).create(name) if in_postgres else None, engine(engines.Weed).blobs(name) if in_s3 else None)
    return _located[str(data)]


def guide_example():
    """The guide's `upstream` and `location`: they are what runs here."""
    block = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(), re.S)[1]
    upstream = re.search(r"upstream touchplate \{.*?\n\}", block, re.S)[0]
    location = re.search(r"    location / \{.*?\n    \}", block, re.S)[0]
    return upstream, location


class Front:
    """nginx before the processes of one server."""

    def __init__(self, data, options):
        self.port, options = engines.free_ports(1)[0], [str(option) for option in options]
        self.tls, scheme = None, "http"
        if "--tls-cert" in options:
            # nginx has the certificate, and speaks plainly to the servers.
            certificate, key = _taken(options, "--tls-cert"), _taken(options, "--tls-key")
            self.tls, scheme = f"    ssl_certificate {certificate}; ssl_certificate_key {key};\n", "https"
        self.own = f"{scheme}://127.0.0.1:{self.port}"
        self.options = options if "--url" in options else [*options, "--url", self.own]

    def data_folders(self, data):
        """Those of the other processes: the private trust stack is in common, nothing else."""
        folders = [data.with_name(f"{data.name}-{number}") for number in range(2, processes() + 1)]
        for folder in folders:
            folder.mkdir(exist_ok=True)
            if (data / "trust").exists() and not (folder / "trust").exists():
                (folder / "trust").symlink_to(data / "trust")
            where = located(data)
            # The folder's own, where nothing else was said, are the first one's.
            locate(folder, where.get("TOUCHPLATE_DATABASE", f"sqlite:{data}/touchplate.sqlite"), where.get("TOUCHPLATE_BLOBS", f"{data}/blobs"))
        return folders

    def start(self, servers):
        upstream, location = guide_example()
        addresses = "\n".join(f"    server {server.url.split('://')[1]} max_fails=0;" for server in servers)
        upstream = re.sub(r"(    server [^;]*;\n)+", lambda _: addresses + "\n", upstream, count=1)
        self.nginx = engines.Nginx(_folder("nginx") / "it", upstream, location, self.port, self.tls)
        return self.own

    def stop(self):
        self.nginx.stop()


def _taken(options, name):
    """The value of an option, which is taken out."""
    at = options.index(name)
    value = options[at + 1]
    del options[at : at + 2]
    return value
