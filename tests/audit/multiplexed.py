"""An audit over TLS asks an index of ours over HTTP/2: everything over one connection."""

import socket
import threading

import lib
from environments import command, metadata, zipped
from lib import check

PROJECTS = 40


class Pipe:
    """Counts the connections that it hands on."""

    def __init__(self, port):
        self.to, self.count = port, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            self.count += 1
            server = socket.create_connection(("127.0.0.1", self.to))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(one, other), daemon=True).start()

    @staticmethod
    def copy(one, other):
        try:
            while part := one.recv(65536):
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def audited(scratch):
    folder = scratch / "multiplexed"
    folder.mkdir()
    data, lines = folder / "data", []
    token = lib.new_index(data)
    with lib.Server(data) as server:
        for number in range(PROJECTS):
            name = f"many{number}"
            info = f"{name}-1.0.dist-info"
            wheel = "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            content = zipped({f"{info}/METADATA": metadata(name), f"{info}/WHEEL": wheel}, info)
            lib.admin(data, "project", "create", name, "--owner", "alice")
            reply = lib.upload(server.url, token, f"{name}-1.0-py3-none-any.whl", content)
            if not check(f"{name} is published", reply.status == 200, reply):
                return
            lines.append(f"{name}==1.0 --hash=sha256:{lib.sha256(content)}\n")
    (folder / "requirements.txt").write_text("".join(lines))
    with lib.Server.over_tls(folder, data) as server:
        pipe = Pipe(int(server.url.rsplit(":", 1)[1]))
        words = [lib.binary(), "audit", "requirements.txt", "--index", f"https://127.0.0.1:{pipe.port}/simple/", "--fail-on", "unknown"]
        done = command(words, folder, SSL_CERT_FILE=server.ca)
        check(f"{PROJECTS} pages are read over TLS", done.returncode == 0 and f"{PROJECTS} without provenance" in done.stdout, lambda: done.stdout[-800:] + done.stderr)
        check("all of them over one connection, by HTTP/2", pipe.count == 1, pipe.count)
        done = command(words, folder)
        check("a server that nobody vouches for is told as such", done.returncode == 1 and "unreachable" in done.stdout, lambda: done.stdout[-800:] + done.stderr)
