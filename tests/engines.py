"""Engines that drivers start: PostgreSQL, SeaweedFS's S3 server, and nginx before several servers. Each runs on loopback, on ports of its own, as a
child of the driver that ends with it.

Standard library only. `TOUCHPLATE_TEST_WEED` names `weed` where it is not in PATH; PostgreSQL is Debian's.
"""

import atexit
import concurrent.futures
import contextlib
import datetime
import functools
import hashlib
import hmac
import http.client
import random
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

# A loaded two-core machine; SeaweedFS makes its volumes when it first starts.
START_SECONDS = 60
ACCESS, SECRET, BUCKET = "ciaccess", "cisecretcisecret", "wheels"

_running = set()
# A process that is to die with its parent dies with the thread that started it: this one lives as long as the driver.
_launcher = concurrent.futures.ThreadPoolExecutor(1)
atexit.register(lambda: [engine.stop() for engine in list(_running)])


def free_ports(count):
    """Ports that nobody listens on now, below those that the kernel gives to whoever connects somewhere: a busy machine would have taken one before
    its server listens. All are taken before one is given up, so that no two are the same."""
    probes = []
    try:
        while len(probes) < count:
            probe = socket.socket()
            try:
                probe.bind(("127.0.0.1", random.randrange(15_000, 32_000)))
                probes.append(probe)
            except OSError:
                probe.close()
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def postgres_programs():
    """The folder of PostgreSQL's programs, the newest; None where there is none."""
    found = sorted(path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1] if found else None


def weed_program():
    named = os.environ.get("TOUCHPLATE_TEST_WEED") or shutil.which("weed")
    return Path(named) if named and Path(named).is_file() else None


class Engine:
    """A program that is started, killed and started again on the same data."""

    process = None

    def launch(self, command):
        command = [str(part) for part in command]
        # However the driver ends, the engine does not outlive it.
        command = ["setpriv", "--pdeathsig", "KILL", *self.identity(), *command]
        with open(self.folder / "log", "ab") as log:
            launch = functools.partial(subprocess.Popen, command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/tmp", env=self.environment())
            self.process = _launcher.submit(launch).result()
        _running.add(self)

    def identity(self):
        return ()

    def environment(self):
        return {key: value for key, value in os.environ.items() if not key.startswith(("TOUCHPLATE_", "PG"))}

    def start(self):
        """Returns once it answers."""
        deadline = time.monotonic() + START_SECONDS
        self.begin()
        while not self.answers():
            if self.process.poll() is not None:
                # One that was killed may hold its lock for another moment.
                self.begin()
            if time.monotonic() > deadline:
                raise RuntimeError(f"{type(self).__name__} does not start: {self.log_tail()}")
            time.sleep(0.02)

    def kill(self):
        """`kill -9`, at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        _running.discard(self)

    def stop(self):
        _running.discard(self)
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log_tail(self):
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Postgres(Engine):
    """PostgreSQL, with `fsync` unless it is not wanted."""

    def __init__(self, folder, durable=True):
        self.folder, self.bin = Path(folder), postgres_programs()
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        (self.port,) = free_ports(1)
        self.durable = durable
        if self.identity():
            shutil.chown(self.folder, "postgres", "postgres")
        make = [self.bin / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([*self.as_somebody(), *make], check=True, stdout=subprocess.DEVNULL, cwd="/tmp")
        self.start()

    def identity(self):
        # It refuses to run as root.
        return ("--reuid=postgres", "--regid=postgres", "--clear-groups") if os.geteuid() == 0 else ()

    def as_somebody(self):
        return ("setpriv", *self.identity()) if self.identity() else ()

    def begin(self):
        off = () if self.durable else ("-c", "fsync=off", "-c", "full_page_writes=off")
        self.launch([self.bin / "postgres", "-D", self.folder / "data", "-p", self.port, "-h", "127.0.0.1", "-k", "", "-c", "max_connections=200",
                     "-c", "shared_buffers=64MB", *off])

    def answers(self):
        ready = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", self.port]
        return subprocess.run([str(part) for part in ready]).returncode == 0

    def create(self, database):
        subprocess.run([self.bin / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", database], check=True)
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}?connections=8"

    def ask(self, database, sql):
        command = [self.bin / "psql", "-qAtX", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def kill(self):
        """`kill -9` of the postmaster. Its children leave by themselves, but for one that waits for another that left: whoever looks after servers ends
        those as well, since no new one starts before."""
        children = self.children()
        super().kill()
        deadline = time.monotonic() + 2
        while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
            time.sleep(0.02)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, 9)

    def children(self, title=b""):
        """Its processes whose title has this in it."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
                named = title in (stat.parent / "cmdline").read_bytes()
            except (OSError, ValueError):
                continue
            if parent == self.process.pid and named:
                found.append(int(stat.parent.name))
        return found

    def backends(self):
        """The processes that answer connections of touchplate's."""
        return self.children(b"127.0.0.1(")


class Weed(Engine):
    """SeaweedFS: master, volumes, filer and S3 in one process."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "data").mkdir(parents=True)
        self.ports = free_ports(8)
        self.endpoint = f"http://127.0.0.1:{self.ports[0]}"
        (self.folder / "s3.json").write_text(
            '{"identities":[{"name":"ci","credentials":[{"accessKey":"%s","secretKey":"%s"}],'
            '"actions":["Admin","Read","Write","List","Tagging"]}]}' % (ACCESS, SECRET)
        )
        self.credentials = self.folder / "credentials"
        self.credentials.write_text(f"aws_access_key_id = {ACCESS}\naws_secret_access_key = {SECRET}\n")
        self.start()

    def begin(self):
        s3, master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3_grpc = self.ports
        self.launch([
            weed_program(), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self.folder}/data", "-master.volumeSizeLimitMB=256",
            # One master waits for no other. With the ten seconds that are the default a restart takes twenty.
            "-master.electionTimeout=500ms", "-master.heartbeatInterval=100ms", "-master.telemetry=false",
            f"-master.port={master}", f"-master.port.grpc={master_grpc}", f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}",
            "-filer", f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}", f"-filer.localSocket={self.folder}/filer",
            "-s3", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false",
            f"-s3.localSocket={self.folder}/s3", f"-s3.config={self.folder}/s3.json",
        ])

    def answers(self):
        """Whether it takes objects: ports are open long before."""
        try:
            made = self.request("PUT", f"/{BUCKET}")
            if made.status not in (200, 409):
                return False
            return self.request("PUT", f"/{BUCKET}/answers", b"yes").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def blobs(self, prefix):
        """A place for bytes, as the key `blobs` takes it."""
        return f"s3://{BUCKET}/{prefix}?endpoint={self.endpoint}&credentials_file={self.credentials}"

    def request(self, method, path, body=b""):
        """One request, signed (SigV4); an answer that was read whole."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        day, host, digest = now[:8], f"127.0.0.1:{self.ports[0]}", hashlib.sha256(body).hexdigest()
        headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
        signed = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = "\n".join([method, urllib.parse.quote(path), "", lines, signed, digest])
        scope = f"{day}/us-east-1/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{SECRET}".encode()
        for part in (day, "us-east-1", "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        authorization = f"AWS4-HMAC-SHA256 Credential={ACCESS}/{scope}, SignedHeaders={signed}, Signature={signature}"
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=20)
        try:
            connection.request(method, path, body=body, headers={**headers, "authorization": authorization})
            answer = connection.getresponse()
            answer.body = answer.read()
            return answer
        finally:
            connection.close()


class Nginx(Engine):
    """nginx before several servers. `locations` are put into its one server; their upstream is called `touchplate`."""

    def __init__(self, folder, upstream, location, port=None, tls=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.port = port or free_ports(1)[0]
        temporary = "".join(f"  {kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/error.log warn; worker_processes 1;\n"
            f"events {{ worker_connections 1024; }}\nhttp {{\n  access_log off;\n{temporary}{upstream}\n"
            f"  server {{ listen 127.0.0.1:{self.port}{' ssl' if tls else ''}; client_max_body_size 0;\n{tls or ''}{location}\n  }}\n}}\n"
        )
        self.start()

    def begin(self):
        self.launch(["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf"])

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False
