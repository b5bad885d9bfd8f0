"""Google Cloud: a script on a machine. Its metadata server is a fake on the loopback, named by the variable that Google's clients read."""

import http.server
import threading
import urllib.parse

FILES = ("release.sh",)
ISSUER = "https://accounts.google.com"
ACCOUNT = "release@example.iam.gserviceaccount.com"


def run(place, path):
    """The script, as the machine's service account."""
    class Metadata(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            asked = urllib.parse.parse_qs(url.query)
            known = url.path == "/computeMetadata/v1/instance/service-accounts/default/identity"
            if not known or self.headers["metadata-flavor"] != "Google" or asked.get("format") != ["full"]:
                self.send_error(403)
                return
            claims = {"email": ACCOUNT, "email_verified": True, "azp": "1017"}
            answer = place.token(ISSUER, asked["audience"][0], "1017", claims).encode()
            self.send_response(200)
            self.send_header("metadata-flavor", "Google")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        folder = place.checkout("machine")
        environment = place.environment(GCE_METADATA_HOST=f"127.0.0.1:{server.server_port}")
        place.shell((place.repository / path).read_text(), folder, environment, ("/bin/sh", "-c"))
        server.shutdown()
