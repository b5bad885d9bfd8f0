"""Without attestations: the round trip by twine and by uv, re-uploads, narrowed tokens, yanking."""

import time

import lib
from lib import Server, admin, check, say
from programs import BIN, client, installs, shows, twine, uv_publish


def plain(scratch):
    """Two releases, wheel and sdist each, by twine and by uv."""
    scratch.mkdir()
    dist = scratch / "dist"
    dist.mkdir()
    made = {version: (lib.wheel("plain-sample", version), lib.sdist("plain-sample", version)) for version in ("1.0", "2.0")}
    for filename, content in (file for files in made.values() for file in files):
        (dist / filename).write_bytes(content)
    files = sorted(dist.iterdir())
    for tool, publish in (("twine", twine), ("uv", uv_publish)):
        folder = scratch / tool
        folder.mkdir()
        data = folder / "data"
        token = lib.new_index(data)
        with Server(data) as server:
            code, output = publish(folder, server, token, files)
            check(f"plain by {tool}: uploads a new project", code == 0, output)
            entries = lib.listing(server.url, "plain-sample") or {}
            check(f"plain by {tool}: lists all four files", set(entries) == {f.name for f in files}, list(entries))
            check(f"plain by {tool}: offers no provenance", not any(e.get("provenance") for e in entries.values()), entries)
            narrowed = lib.narrowed(token, "--project", "plain-sample", "--expires", "1h", "--network", "127.0.0.0/8", "--network", "::1")
            code, output = publish(folder, server, narrowed, files)
            check(f"plain by {tool}: uploads again, as the same files, with a narrowed token", code == 0, output)
            for version in made:
                for n, (filename, content) in enumerate(made[version]):
                    part = folder / f"{version}-{n}"
                    part.mkdir()
                    installs(part, f"plain by {tool} {filename}", server, "plain-sample", version, filename, content)
            refusals(folder, tool, publish, server, token)
            if tool == "twine":
                yanking(folder, server, data)


def refusals(folder, tool, publish, server, token):
    def refused(name, files, with_token, *texts):
        code, output = publish(folder, server, with_token, files)
        check(f"refusal by {tool}: {name}", code != 0 and shows(output, *texts), f"exit {code}, wanted {texts} in: {output}")

    # What every client shows is in uploads.py; here are tokens that are nearly right.
    other = folder / "other"
    other.mkdir()
    filename, content = lib.wheel("plain-sample", "3.0")
    (other / filename).write_bytes(content)
    # The last character of a real token changed: the id is known, the secret is not.
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    refused("a token with one character changed", [other / filename], changed, "403", "Invalid or non-existent authentication information")
    narrowed = lib.narrowed(token, "--network", "192.0.2.0/24")
    refused("a token narrowed to a network elsewhere", [other / filename], narrowed, "403", 'network("192.0.2.0/24")')
    check(f"refusal by {tool}: nothing of the refused is listed", filename not in (lib.listing(server.url, "plain-sample") or {}))


def yanking(folder, server, data):
    def picked():
        folder_of_this = folder / f"picked-{time.monotonic_ns()}"
        code, output = client(folder, BIN / "python", "-m", "pip", "download", "--index-url", f"{server.url}/simple/", "--no-deps",
                              "--only-binary", ":all:", "plain-sample", "--dest", folder_of_this)
        return [path.name for path in folder_of_this.iterdir()] if code == 0 else output

    before = picked()
    check("yank: pip picks the newest release before", before == ["plain_sample-2.0-py3-none-any.whl"], before)
    admin(data, "yank", "plain-sample", "2.0", "--reason", "made for a test")
    began = time.monotonic()
    seen = lib.until(lambda: lib.listing(server.url, "plain-sample")["plain_sample-2.0-py3-none-any.whl"]["yanked"], 1.0)
    say(f"the yank is seen on the Simple page {(time.monotonic() - began) * 1000:.0f} ms after `admin` is back")
    check("yank: seen by the running server within a second", seen)
    after = picked()
    check("yank: pip no longer picks the release", after == ["plain_sample-1.0-py3-none-any.whl"], after)
