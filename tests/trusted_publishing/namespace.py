"""A network of the run's own with nothing in it but the loopback, where Google's metadata host can stand; and in it, for one
client at a time, what the file system of one of Google's machines says.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

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
    # Root stays who it is where that is permitted: with users of its own, a namespace has nobody to run PostgreSQL.
    for how in ("-nm", "-rnm"):
        trying = [unshare, how, "mount", "-t", "tmpfs", "none", "/sys/class"]
        if unshare is not None and not subprocess.run(trying, capture_output=True).returncode:
            os.environ[INSIDE] = "1"
            os.execv(unshare, [unshare, how, sys.executable, *sys.argv])
    return False


def _loopback_up():
    set_flags, up = 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh", b"lo", up))


def on_google(scratch, words):
    """The command that runs `words` on what looks like one of Google's machines."""
    hosts = scratch / "hosts"
    hosts.write_text(HOSTS)
    return ["unshare", "-m", "/bin/sh", "-c", MACHINE, hosts, *words]
