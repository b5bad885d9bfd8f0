"""A fake of Google's metadata server, on the loopback: the identity of the machine's service account, for whatever audience is asked."""

import http.server
import threading
import urllib.parse


class Metadata:
    """`token` makes a token of audience, subject and claims; it and `email` may be set later."""

    def __init__(self, token=None, email=None, port=0):
        self.token, self.email = token, email

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(this):
                url = urllib.parse.urlsplit(this.path)
                asked = urllib.parse.parse_qs(url.query)
                known = url.path == "/computeMetadata/v1/instance/service-accounts/default/identity"
                if not known or this.headers["metadata-flavor"] != "Google" or asked.get("format") != ["full"]:
                    this.send_error(403)
                    return
                claims = {"email": self.email, "email_verified": True, "azp": "1017"}
                answer = self.token(asked["audience"][0], "1017", claims).encode()
                this.send_response(200)
                this.send_header("metadata-flavor", "Google")
                this.send_header("content-length", str(len(answer)))
                this.end_headers()
                this.wfile.write(answer)

            def log_message(this, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answers)
        # As `GCE_METADATA_HOST` names it.
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
