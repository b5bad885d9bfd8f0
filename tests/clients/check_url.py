"""`uv publish --check-url`: what the index has is not sent again, and whoever is faster with the same bytes is no failure."""

import concurrent.futures
import json

import lib
import messages
from lib import Server, check
from programs import BIN, client
from recorder import Recorder

PROJECT = "checked-sample"


class Race:
    """An index behind a recorder, by which somebody else can be faster."""

    def __init__(self, scratch, recorder, server, token):
        self.scratch, self.recorder, self.server, self.token = scratch, recorder, server, token

    def files(self, name, *made):
        folder = self.scratch / name
        folder.mkdir(exist_ok=True)
        for filename, content in made:
            (folder / filename).write_bytes(content)
        return sorted(folder.iterdir())

    def publish(self, files):
        words = ["publish", "--trusted-publishing", "never", "--publish-url", f"{self.recorder.url}/legacy/", "--check-url", f"{self.recorder.url}/simple/"]
        self.recorder.taken()
        code, output = client(self.scratch, BIN / "uv", *words, *files, UV_PUBLISH_TOKEN=self.token)
        posts = [asked.status for asked in self.recorder.taken() if asked.method == "POST"]
        return code, output, posts

    def listed(self, filename):
        entry = (lib.listing(self.server.url, PROJECT) or {}).get(filename)
        return entry and entry["hashes"]["sha256"]

    def faster(self, filename, content):
        """Somebody else uploads this once uv has asked whether it is there, and before its own upload arrives."""
        def act(method, _):
            if method == "POST":
                self.recorder.before = None
                reply = lib.upload(self.server.url, self.token, filename, content)
                assert reply.status == 200, reply
        self.recorder.before = act


def check_url(scratch):
    scratch.mkdir()
    token = lib.new_index(scratch / "data")
    with Recorder() as recorder, Server(scratch / "data", options=["--url", recorder.url]) as server:
        recorder.upstream = server.url
        race = Race(scratch, recorder, server, token)
        skipped(race)
        overtaken(race)
        overtaken_by_others(race)
        answer_lost(race)
        at_once(race)


def told(what, output):
    wanted = messages.when_checking(what)
    check(f"uv publish --check-url: {what}: shows what the guide says", messages.shown(wanted, output), f"wanted {wanted!r} in: {output}")


def skipped(race):
    made = lib.wheel(PROJECT, "1.0")
    files = race.files("1.0", made)
    code, output, posts = race.publish(files)
    check("uv publish --check-url: a new project", code == 0 and posts == [200] and race.listed(made[0]), f"{posts} {output}")
    code, output, posts = race.publish(files)
    check("uv publish --check-url: what is there is not sent again", code == 0 and not posts, f"{posts} {output}")
    told("the file is there", output)
    other = lib.wheel(PROJECT, "1.0", payload=b"other bytes")
    code, output, posts = race.publish(race.files("1.0-other", other))
    check("uv publish --check-url: other bytes are refused before they are sent", code != 0 and not posts, f"{posts} {output}")
    told("another file is there", output)


def overtaken(race):
    made = lib.wheel(PROJECT, "2.0")
    race.faster(*made)
    code, output, posts = race.publish(race.files("2.0", made))
    check("uv publish --check-url: somebody was faster with the same bytes", code == 0 and posts == [200] and race.listed(made[0]) == lib.sha256(made[1]), f"{posts} {output}")


def overtaken_by_others(race):
    filename, content = lib.wheel(PROJECT, "3.0", payload=b"others'")
    race.faster(filename, content)
    code, output, posts = race.publish(race.files("3.0", lib.wheel(PROJECT, "3.0")))
    check("uv publish --check-url: somebody was faster with other bytes", code != 0 and posts == [400] and race.listed(filename) == lib.sha256(content), f"{posts} {output}")
    told("somebody was faster with other bytes", output)


def answer_lost(race):
    """The upload was stored, and a proxy answers otherwise: uv looks again, and finds it on the page at once."""
    made = lib.wheel(PROJECT, "4.0")
    refusal = json.dumps({"code": "400 File already exists", "message": "File already exists"}).encode()
    race.recorder.instead = lambda asked: (400, "application/json", refusal) if asked.method == "POST" else None
    code, output, posts = race.publish(race.files("4.0", made))
    race.recorder.instead = None
    check("uv publish --check-url: stored, but the answer said otherwise", code == 0 and posts == [200] and race.listed(made[0]), f"{posts} {output}")


def at_once(race):
    """Two of them publish the same files at the same time."""
    made = [lib.wheel(PROJECT, f"5.{n}") for n in range(6)]
    files = race.files("5", *made)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [run.result() for run in [pool.submit(race.publish, files) for _ in range(2)]]
    check("uv publish --check-url: two at once both end well", all(code == 0 for code, _, _ in runs), runs)
    listed = {filename: race.listed(filename) for filename, _ in made}
    check("uv publish --check-url: two at once: each file is there once", listed == {filename: lib.sha256(content) for filename, content in made}, listed)
