"""pypi-simple, the library that other tools read indexes with: both shapes of a page, downloads, metadata, provenance."""

import json
from pathlib import Path

import attested
import lib
import messages
from lib import Server, admin, check
from programs import client
from uploaders import Target, programs_of

SCRIPT = Path(__file__).resolve().parent / "pypi_simple_reads.py"


def readers(scratch):
    scratch.mkdir()
    data = scratch / "data"
    filename, content = lib.wheel("read-sample", "1.0")
    token = lib.new_index(data)
    with Server(data) as server:
        for made in ((filename, content), lib.sdist("read-sample", "2.0")):
            assert lib.upload(server.url, token, *made).status == 200
        admin(data, "yank", "read-sample", "2.0", "--reason", "made for a test")
        lib.until(lambda: lib.listing(server.url, "read-sample")["read_sample-2.0.tar.gz"]["yanked"])
        found = reads("pypi-simple", scratch, server, "read-sample")
        if found is None:
            return
        html, as_json = found["html"], found["json"]
        listed = lib.listing(server.url, "read-sample")
        check("pypi-simple: finds both files in both shapes", set(html) == set(as_json) == set(listed), found)
        # HTML tells neither size nor time, nor that there is no metadata.
        for entry in [*html.values(), *as_json.values()]:
            entry["metadata"] = bool(entry["metadata"])
        told = ("sha256", "requires-python", "yanked", "metadata", "provenance")
        check("pypi-simple: both shapes tell the same", all(html[f][key] == as_json[f][key] for f in html for key in told), found)
        wheel, sdist = as_json[filename], as_json["read_sample-2.0.tar.gz"]
        check("pypi-simple: knows digest, size, time and Requires-Python", wheel["sha256"] == lib.sha256(content) and wheel["size"] == len(content)
              and wheel["time"] and wheel["requires-python"] == ">=3.8", wheel)
        check("pypi-simple: knows which release is yanked, and why", sdist["yanked"] == "made for a test" and wheel["yanked"] is None, sdist)
        check("pypi-simple: knows the versions and the api version", found["versions"] == ["1.0", "2.0"] and found["json api"] == found["html api"] == "1.4", found)
        check("pypi-simple: finds the project in the list of all", "read-sample" in found["json names"] and found["json names"] == found["html names"], found)
        check("pypi-simple: downloads the file", (scratch / filename).read_bytes() == content)
        check("pypi-simple: reads the metadata beside it", "Name: read-sample" in found["metadata"], found["metadata"])
        for failure in ("no provenance", "no project"):
            wanted = messages.when_reading(failure, Target(server.url))
            check(f"pypi-simple: {failure}: says what the guide says", messages.shown(wanted, found[failure] or ""), f"wanted {wanted!r}: {found[failure]}")


def reads(name, scratch, server, project):
    code, output = client(scratch, programs_of("pypi-simple") / "python", SCRIPT, f"{server.url}/simple/", project, scratch)
    return json.loads(output) if check(f"{name}: reads a project", code == 0, output) else None


def provenance_read(scratch, corpus):
    """The publisher that it reads of an attested file."""
    scratch.mkdir()
    case = next(attested.minted_cases(corpus))
    project = case.metadata["Name"]
    token = lib.new_index(scratch / "data", project, case.publisher)
    with Server(scratch / "data", case.root) as server:
        reply = lib.upload(server.url, token, case.filename, case.content, b"[" + b",".join(case.attestations) + b"]")
        assert reply.status == 200, reply
        found = reads("pypi-simple with provenance", scratch, server, project)
        check("pypi-simple: reads the publisher of an attested file",
              found and [p["repository"] for p in found["publishers"]] == [case.publisher["repository"]], found)
