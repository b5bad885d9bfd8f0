"""Requests that were made beforehand, sent over so many connections at once, each timed.

What the client does costs some 50 microseconds a request, so that two thousand uploads a second are within its reach. It runs before
everybody else's work where it is permitted, as the servers do.
"""

import os
import select
import socket
import statistics
import time
from typing import NamedTuple

CRLF2 = b"\r\n\r\n"
# A server that says nothing for this long is not going to.
PATIENCE_SECONDS = 120


class Run(NamedTuple):
    """What came of a batch of requests."""

    took_ms: list
    seconds: float
    statuses: dict

    def per_second(self):
        return len(self.took_ms) / self.seconds

    def median_ms(self):
        return statistics.median(self.took_ms)

    def p99_ms(self):
        return sorted(self.took_ms)[max(0, len(self.took_ms) * 99 // 100 - 1)]


def settle(core):
    """This process, and not its children, on that core and before others."""
    os.sched_setaffinity(0, {core})
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        pass


def request(path, headers, body, method="POST"):
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + CRLF2 + body


class Line:
    """One connection, with one request under way at most."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def send(self, message):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = time.perf_counter()
        self.socket.sendall(message)

    def receive(self):
        """(status, milliseconds) of the request that was sent; the answer's body is read and dropped."""
        head, rest = b"", b""
        while CRLF2 not in head:
            piece = self.socket.recv(1 << 16)
            if not piece:
                raise SystemExit(f"port {self.port} closed the connection after {head[:200]!r}")
            head += piece
        head, _, rest = head.partition(CRLF2)
        low = head.lower()
        at = low.find(b"content-length:")
        if at < 0:
            raise SystemExit(f"port {self.port} answered without a length: {head[:300]!r}")
        left = int(low[at + 15 :].split(b"\r\n", 1)[0]) - len(rest)
        while left > 0:
            left -= len(self.socket.recv(1 << 16))
        took = (time.perf_counter() - self.began) * 1e3
        if b"connection: close" in low:
            self.socket.close()
            self.socket = None
        return int(head.split(b" ", 2)[1]), took


def post(port, messages, connections=1, expected=(200,)):
    """Posts them all, to one port or to several in turn; an answer of another status ends the measurement."""
    ports = [port] if isinstance(port, int) else port
    waiting, lines = list(reversed(messages)), [Line(ports[n % len(ports)]) for n in range(min(connections, len(messages)))]
    took, statuses = [], {}
    began = time.perf_counter()
    for line in lines:
        line.send(waiting.pop())
    under_way = {line.socket: line for line in lines}
    while under_way:
        for readable in select.select(list(under_way), [], [], PATIENCE_SECONDS)[0]:
            line = under_way.pop(readable)
            status, ms = line.receive()
            took.append(ms)
            statuses[status] = statuses.get(status, 0) + 1
            if waiting:
                line.send(waiting.pop())
                under_way[line.socket] = line
    seconds = time.perf_counter() - began
    for line in lines:
        if line.socket:
            line.socket.close()
    wrong = {status: count for status, count in statuses.items() if status not in expected}
    if wrong:
        raise SystemExit(f"port {port} answered {wrong}, expected {expected}")
    return Run(took, seconds, statuses)
