"""What stands between a job and its index, over TLS: it passes everything on, and at one place does what networks do."""

import http.client
import http.server
import json
import ssl
import threading

HOLD, CUT = "hold", "cut"


class At:
    """The `count`th request for `path`: `before` it is passed on, `half` of its body in, or `after` the index has answered. `action` is HOLD
    (nothing comes back), CUT (the connection breaks), a status (that is answered), or a function (which is called, and all goes on)."""

    def __init__(self, path, count, when, action, forever=False):
        self.path, self.count, self.when, self.action, self.forever = path, count, when, action, forever

    def is_now(self, path, count, when):
        right = count >= self.count if self.forever else count == self.count
        return path == self.path and when == self.when and right


class Between:
    """A server of its own certificate's, which is also the index's."""

    def __init__(self, index, at):
        self.reached, self.released = threading.Event(), threading.Event()
        self.counts, self.lock = {}, threading.Lock()
        upstream = index.server.url.removeprefix("https://")
        trusted = ssl.create_default_context(cafile=index.ca)
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def act(self):
                between.reached.set()
                if at.action == HOLD:
                    between.released.wait(60)
                    raise ConnectionAbortedError
                if at.action == CUT:
                    raise ConnectionAbortedError
                if callable(at.action):
                    at.action()
                    return False
                self.send_response(at.action)
                if at.action == 429:
                    self.send_header("retry-after", "1")
                self.send_header("content-length", "0")
                self.end_headers()
                return True

            def pass_on(self):
                with between.lock:
                    count = between.counts[self.path] = between.counts.get(self.path, 0) + 1
                length = int(self.headers["content-length"] or 0)
                body = self.rfile.read(length // 2)
                if at.is_now(self.path, count, "half") and self.act():
                    return
                body += self.rfile.read(length - len(body))
                if at.is_now(self.path, count, "before") and self.act():
                    return
                connection = http.client.HTTPSConnection(upstream, context=trusted, timeout=60)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "expect")}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                if at.is_now(self.path, count, "after") and self.act():
                    return
                # The index names itself; whoever asks here stays here. An attestation that names this place would be no good there.
                if self.path.startswith("/.well-known/"):
                    told = json.loads(text.replace(upstream.encode(), between.url.removeprefix("https://").encode()))
                    told.pop("touchplate")
                    text = json.dumps(told).encode()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, ssl.SSLError, TimeoutError):
                    self.close_connection = True

            def log_message(self, *_):
                pass

            do_GET = do_POST = pass_on

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(index.scratch / "own.pem", index.scratch / "own.key")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server.server_port}"

    @property
    def uploads(self):
        return self.counts.get("/legacy/", 0)

    @property
    def exchanges(self):
        return self.counts.get("/_/oidc/mint-token", 0)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
