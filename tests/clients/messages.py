"""What users read, as docs/guide/clients.md tells it: its tables are what the checks expect."""

import functools
import http
import re

import lib

GUIDE = lib.ROOT / "docs" / "guide" / "clients.md"
# The guide's index.
EXAMPLE = "https://pkgs.example"
# The last cell in backticks; in two of them where it has some itself.
ROW = re.compile(r"^\| (.+?) \| (``?)(.+)\2 \|$")


@functools.cache
def rows(heading):
    """First cell (and the second, if there is one between) → what the last shows, of the tables below the heading."""
    section = GUIDE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = (ROW.match(line) for line in section.splitlines())
    return {row[1]: row[3].replace("\\|", "|").strip() for row in found if row}


def of(client, refused, target):
    """What the user of this client reads: the index's words in the client's."""
    told = rows("What a refusal looks like")
    status, message = next((key[-3:], words) for key, words in told.items() if key.startswith(f"{refused} | "))
    # Some say more of one status.
    frame = told.get(f"{client}, {status}", told[client]).replace(EXAMPLE + "/legacy/", target.uploads)
    return frame.replace("STATUS", status).replace("REASON", http.HTTPStatus(int(status)).phrase).replace("MESSAGE", message)


def when_installing(client, what):
    return rows("What an installer says")[f"{client} | {what}"]


def when_checking(what):
    return rows("Checking before sending")[what]


def when_reading(what, target):
    return rows("Reading with pypi-simple")[what].replace(EXAMPLE, target.url)


def shown(message, output):
    """Whether the parts between the dots stand in the output in this order, wherever the client breaks its lines."""
    output, at = "".join(output.split()), 0
    for part in message.split("…"):
        part = "".join(part.split())
        at = output.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
