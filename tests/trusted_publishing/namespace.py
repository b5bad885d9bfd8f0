"""A network of the run's own with nothing in it but the loopback, where Google's metadata host can stand; and in it, for one
client at a time, what the file system of one of Google's machines says.
"""

import fcntl
import http.server
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import urllib.parse

INSIDE = "TOUCHPLATE_TEST_NAMESPACE"
# By these names `id` and Google's own clients ask it, on port 80.
HOSTS = "127.0.0.1 localhost metadata metadata.google.internal\n"
# An empty folder takes the place of the machine's own for the one program that this runs.
MACHINE = """
mount -t tmpfs none /sys/class && mkdir -p /sys/class/dmi/id && echo 'Google Compute Engine' > /sys/class/dmi/id/product_name &&
mount --bind "$0" /etc/hosts && exec "$@"
"""


def enter():
    """Goes on inside a namespace, and tells whether that is permitted here."""
    if INSIDE in os.environ:
        _loopback_up()
        return True
    unshare = shutil.which("unshare")
    trying = [unshare, "-rnm", "mount", "-t", "tmpfs", "none", "/sys/class"]
    if unshare is None or subprocess.run(trying, capture_output=True).returncode:
        return False
    os.environ[INSIDE] = "1"
    os.execv(unshare, [unshare, "-rnm", sys.executable, *sys.argv])


def _loopback_up():
    set_flags, up = 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh", b"lo", up))


def on_google(scratch, words):
    """The command that runs `words` on what looks like one of Google's machines."""
    hosts = scratch / "hosts"
    hosts.write_text(HOSTS)
    return ["unshare", "-m", "/bin/sh", "-c", MACHINE, hosts, *words]


class Metadata:
    """A fake of the metadata server: the identity of the machine's service account, for whatever audience is asked."""

    def __init__(self, token):
        self.email = None

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(this):
                url = urllib.parse.urlsplit(this.path)
                asked = urllib.parse.parse_qs(url.query)
                known = url.path == "/computeMetadata/v1/instance/service-accounts/default/identity"
                if not known or this.headers["metadata-flavor"] != "Google" or asked.get("format") != ["full"]:
                    this.send_error(403)
                    return
                claims = {"email": self.email, "email_verified": True, "azp": "1017"}
                answer = token(asked["audience"][0], "1017", claims).encode()
                this.send_response(200)
                this.send_header("metadata-flavor", "Google")
                this.send_header("content-length", str(len(answer)))
                this.end_headers()
                this.wfile.write(answer)

            def log_message(this, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 80), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
