"""A forwarder in front of an index, on loopback: it keeps what was asked, and can act between a request and its answer."""

import http.client
import http.server
import threading
import urllib.parse
from typing import NamedTuple

# Neither is passed on: the forwarder has connections of its own.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Asked(NamedTuple):
    """One request, and how it was answered."""

    method: str
    path: str
    status: int
    content_type: str


class Recorder:
    """`url` is where clients ask. `before(method, path)` runs before a request is passed on; `instead(asked)` may return
    another answer as (status, content type, body)."""

    def __init__(self):
        self.asked, self.upstream = [], None
        self.before = self.instead = None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.server.daemon_threads = True
        # Clients that end leave connections behind.
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        """What was asked since the last call."""
        asked, self.asked = self.asked, []
        return asked

    def forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.upstream).netloc, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()


def _handler_of(recorder):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            if recorder.before:
                recorder.before(self.command, self.path)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | {"host"}}
            response, body = recorder.forward(self.command, self.path, headers, self.body())
            asked = Asked(self.command, self.path, response.status, response.headers.get("content-type", ""))
            recorder.asked.append(asked)
            status, reason, kept = response.status, response.reason, response.headers.items()
            if instead := recorder.instead and recorder.instead(asked):
                status, content_type, body = instead
                reason, kept = None, [("content-type", content_type)]
            self.send_response(status, reason)
            for name, value in kept:
                if name.lower() not in HOP_BY_HOP | {"content-length"}:
                    self.send_header(name, value)
            # Of HEAD and 304 the length is the other's.
            length = response.headers.get("content-length") if self.command == "HEAD" else len(body)
            if status != 304 and length is not None:
                self.send_header("content-length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def body(self):
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                return b"".join(iter(self.chunk, b""))
            return self.rfile.read(int(self.headers.get("content-length", 0)))

        def chunk(self):
            content = self.rfile.read(int(self.rfile.readline().split(b";")[0], 16))
            self.rfile.readline()
            return content

        do_GET = do_HEAD = do_POST = answer

        def log_message(self, *_):
            """Nothing: `asked` is the log."""
    return Handler
