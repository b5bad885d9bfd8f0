"""Every client that installs: dependencies over TLS, yanked releases, what is newer than a time, resolving without a download."""

import datetime

import lib
import messages
from installers import installed, installers
from lib import Server, admin, check
from recorder import Recorder
from uploaders import Target

# What a resolver never needs where the index has the metadata beside the files (PEP 658).
ARCHIVES = (".whl", ".tar.gz")
CHAIN = {"chain-sample": "1.0", "base-sample": "2.0"}


def installs(scratch):
    scratch.mkdir()
    data = scratch / "data"
    with Recorder() as recorder, Server(data, options=["--url", recorder.url]) as server, Server.over_tls(scratch, data) as tls:
        recorder.upstream = server.url
        between = laid_out(data, server)
        for installer in installers():
            folder = scratch / installer.name.replace(" ", "-")
            taken(installer, folder, Target(tls.url, tls.ca), recorder)
            refused(installer, folder, recorder)
            if installer.resolves:
                resolved(installer, folder, recorder)
                before_a_time(installer, folder, recorder, between)


def laid_out(data, server):
    """`chain-sample` needs `base-sample`, whose 3.0 is yanked; a time between the uploads of its 1.0 and its 2.0."""
    token = lib.new_index(data)
    uploads = [("base-sample", "1.0", []), ("base-sample", "2.0", []), ("base-sample", "3.0", []), ("chain-sample", "1.0", ["base-sample>=1"])]
    for name, version, requires in uploads:
        reply = lib.upload(server.url, token, *lib.wheel(name, version, requires=requires))
        assert reply.status == 200, reply
    admin(data, "yank", "base-sample", "3.0", "--reason", "broken: use 2.0")
    times = [entry["upload-time"] for _, entry in sorted(lib.listing(server.url, "base-sample").items())]
    first, second = (datetime.datetime.fromisoformat(time) for time in times[:2])
    assert lib.until(lambda: lib.listing(server.url, "base-sample")["base_sample-3.0-py3-none-any.whl"]["yanked"]), "the yank is not seen"
    return (first + (second - first) / 2).isoformat().replace("+00:00", "Z")


def made(folder):
    folder.mkdir(parents=True)
    return folder


def taken(installer, scratch, tls, recorder):
    name = f"installs by {installer.name}"
    code, output = installer.install(made(scratch / "chain"), tls, "chain-sample")
    got = installed(scratch / "chain")
    check(f"{name}: over TLS, a project with its dependency, whose newest release is yanked", code == 0 and CHAIN.items() <= got.items(), f"exit {code}, {got}: {output}")
    recorder.taken()
    code, output = installer.install(made(scratch / "yanked"), Target(recorder.url), "base-sample==3.0")
    got = installed(scratch / "yanked")
    check(f"{name}: the yanked release where it is asked for by ==", code == 0 and got.get("base-sample") == "3.0", f"exit {code}, {got}: {output}")
    told(installer, "a yanked release is asked for by `==`", output)
    pages = [asked for asked in recorder.taken() if asked.path.startswith("/simple/") and asked.status == 200]
    check(f"{name}: reads the Simple API as JSON", pages and all(page.content_type == lib.SIMPLE_JSON for page in pages), pages)


def told(installer, what, output):
    wanted = messages.when_installing(installer.name, what)
    check(f"installs by {installer.name}: {what}: shows what the guide says", messages.shown(wanted, output), f"wanted {wanted!r} in: {output}")


def refused(installer, scratch, recorder):
    wanted = {"there is no such project": "absent-sample", "there is no such version": "base-sample==9.0"}
    for what, requirement in wanted.items():
        # To resolve is enough to be refused, and quicker.
        code, output, *_ = (installer.resolves or installer.install)(made(scratch / requirement), Target(recorder.url), requirement)
        check(f"installs by {installer.name}: {what}: is refused", code != 0, output)
        told(installer, what, output)


def resolved(installer, scratch, recorder):
    recorder.taken()
    code, output, found = installer.resolves(made(scratch / "resolved"), Target(recorder.url), "chain-sample")
    asked = recorder.taken()
    check(f"installs by {installer.name}: resolves", found == CHAIN, f"exit {code}, {found}: {output}")
    # Of each project the one release that is taken, and no archive.
    files = sorted(one.path.rsplit("/", 1)[1] for one in asked if one.path.startswith("/files/"))
    wanted = ["base_sample-2.0-py3-none-any.whl.metadata", "chain_sample-1.0-py3-none-any.whl.metadata"]
    check(f"installs by {installer.name}: resolves by metadata alone, without a download", files == wanted, files)


def before_a_time(installer, scratch, recorder, between):
    """What was uploaded later is not taken."""
    words, settings = installer.before(between)
    code, output, found = installer.resolves(made(scratch / "before"), Target(recorder.url), "base-sample", *words, **settings)
    if installer.name == "Poetry":
        # It knows no times, only days, and here all is of today.
        check("installs by Poetry: nothing that is younger than a day", code != 0, output)
        told(installer, "all is younger than `solver.min-release-age`", output)
    else:
        check(f"installs by {installer.name}: nothing that is newer than a time", found == {"base-sample": "1.0"}, f"before {between}: exit {code}, {found}: {output}")
