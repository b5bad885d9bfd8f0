"""A recorder between a client and an index on loopback: it passes everything on, and keeps what was asked and answered."""

import http.client
import http.server
import threading
import urllib.parse
from dataclasses import dataclass

from pypi import Refused, parts_of

# They are about one connection, and ours are two.
OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}


@dataclass
class Passed:
    """A request that was passed on, and its answer's status."""

    method: str
    path: str
    fields: dict
    status: int = 0


class Recorder:
    """`url(…)` of the index's addresses leads through it."""

    def __init__(self, index_url):
        parts = urllib.parse.urlsplit(index_url)
        self.index, self.passed, self.lock = parts.netloc, [], threading.Lock()
        # (status, reason, body) that the client is told of the next upload instead of what the index answered.
        self.instead = None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"recorder": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, address):
        return urllib.parse.urlsplit(address)._replace(netloc=f"127.0.0.1:{self.server.server_address[1]}").geturl()

    def uploads(self):
        """The uploads, whose form has a file."""
        return [passed for passed in self.passed if "content" in passed.fields]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    recorder: Recorder

    def log_message(self, *_):
        pass

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(self.chunks())
        try:
            fields = parts_of(self.headers.get("Content-Type", ""), body)
        except Refused:
            fields = {}
        passed = Passed(self.command, self.path, fields)
        with self.recorder.lock:
            self.recorder.passed.append(passed)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_A_CONNECTION | {"content-length"}}
        headers["Content-Length"] = str(len(body))
        connection = http.client.HTTPConnection(self.recorder.index, timeout=120)
        try:
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            status, reason, told, content = response.status, response.reason, response.getheaders(), response.read()
        finally:
            connection.close()
        passed.status = status
        if passed.fields and self.recorder.instead:
            instead, self.recorder.instead = self.recorder.instead, None
            status, reason, content = instead
            told = [("Content-Type", "text/html")]
        self.send_response(status, reason)
        for name, value in told:
            if name.lower() not in OF_A_CONNECTION | {"content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def chunks(self):
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    do_GET = do_HEAD = do_POST = do_PUT = pass_on
