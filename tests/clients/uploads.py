"""Every client that uploads: a new project, the same files again, and each refusal as its user reads it."""

import shutil

import lib
import messages
import samples
from lib import Server, admin, check
from uploaders import Target, uploaders


def uploads(scratch):
    scratch.mkdir()
    data = scratch / "data"
    token = lib.new_index(data)
    admin(data, "project", "create", "another-project", "--owner", "alice")
    admin(data, "user", "add", "mallory")
    tokens = {
        "owner": token,
        "another project": admin(data, "token", "create", "--user", "alice", "--project", "another-project"),
        "stranger": admin(data, "token", "create", "--user", "mallory"),
    }
    with Server(data) as server, Server.over_tls(scratch, data) as tls:
        for uploader in uploaders():
            folder = scratch / uploader.project
            folder.mkdir()
            taken(uploader, folder / "1.0", server, tls, token)
            refused(uploader, folder, data, server, tokens)


def taken(uploader, folder, server, tls, token):
    name = f"uploads by {uploader.name}"
    uploader.authored(folder, "1.0")
    code, output = uploader.publish(folder, Target(server.url), token)
    check(f"{name}: a new project", code == 0, output)
    listed = lib.listing(server.url, uploader.project) or {}
    made = {path.name: lib.sha256(path.read_bytes()) for path in samples.distributions(folder)}
    got = {filename: entry["hashes"]["sha256"] for filename, entry in listed.items()}
    check(f"{name}: both files are listed with their digests", got == made, f"{got}, made {made}")
    code, output = uploader.publish(folder, Target(tls.url, tls.ca), token)
    check(f"{name}: the same files again, over TLS", code == 0, output)


def refused(uploader, scratch, data, server, tokens):
    """Each refusal fails the client, shows what the guide says, and leaves nothing behind."""
    def tried(failure, folder, token, path="/legacy/"):
        before = lib.listing(server.url, uploader.project)
        target = Target(server.url, path=path)
        code, output = uploader.publish(folder, target, token)
        wanted = messages.of(uploader.name, failure, target)
        check(f"uploads by {uploader.name}: {failure}: is refused", code != 0, output)
        check(f"uploads by {uploader.name}: {failure}: shows what the guide says", messages.shown(wanted, output), f"wanted {wanted!r} in: {output}")
        after = lib.listing(server.url, uploader.project)
        check(f"uploads by {uploader.name}: {failure}: changes nothing", before == after, after)

    other = uploader.authored(scratch / "other", "1.0", "Other words than before.")
    tried("other bytes under a filename that is taken", other, tokens["owner"])
    if uploader.skips:
        code, output = uploader.publish(other, Target(server.url), tokens["owner"], uploader.skips)
        check(f"uploads by {uploader.name}: {uploader.skips} skips what the index has", code == 0, output)
    later = uploader.authored(scratch / "2.0", "2.0")
    tried("a token that is mistyped, revoked or was never made", later, "tp-nobodys-token")
    tried("a token for another project", later, tokens["another project"])
    tried("a stranger's token", later, tokens["stranger"])
    tried("an upload to the address of installers", later, tokens["owner"], "/simple/")
    admin(data, "ratchet", "turn", "--project", uploader.project, "attestations-required")
    tried("no attestation, where the project's ratchet `attestations-required` is turned", later, tokens["owner"])
    shutil.rmtree(scratch)
