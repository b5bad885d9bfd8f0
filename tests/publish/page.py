"""A guide page as what a reader would type and write: its fenced blocks, in their order."""

import re
from typing import NamedTuple

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The first line of a file in a page is a comment that names it.
NAMED = re.compile(r"\A(?:#|//) ([\w./-]+)\n")


class Block(NamedTuple):
    language: str
    text: str
    path: str | None

    def commands(self):
        """The commands of a `console` block, each with its continued lines."""
        found = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(line[2:])
            elif found and found[-1].endswith("\\"):
                found[-1] += "\n" + line
        return found


def blocks(text):
    for language, body in FENCE.findall(text):
        named = NAMED.match(body)
        yield Block(language, body, named and named[1])
