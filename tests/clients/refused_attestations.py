"""What the user of each client that sends attestations reads of one that is refused."""

import base64
import json

import attested
import lib
import messages
from lib import Server, check
from uploaders import Target, uploaders

# uv sends what lies beside the files by itself.
SENDERS = {"twine 7.0": ["--attestations"], "twine 6.2": ["--attestations"], "uv": []}


def tampered(raw):
    """With one bit of the signature changed."""
    attestation = json.loads(raw)
    signature = bytearray(base64.b64decode(attestation["envelope"]["signature"]))
    signature[-1] ^= 1
    return json.dumps({**attestation, "envelope": {**attestation["envelope"], "signature": base64.b64encode(signature).decode()}}).encode()


def refusals(scratch, corpus):
    """Each in an index of its own, which stays empty."""
    scratch.mkdir()
    case = next(attested.minted_cases(corpus))
    publish, slsa = case.attestations
    staging, other = corpus / "roots" / "sigstore-staging.json", {**case.publisher, "repository": "example/other"}
    refused = {
        "an attestation of another publisher": (case.root, other, case.attestations),
        "an attestation under another trust root": (staging, case.publisher, case.attestations),
        "an attestation that was changed": (case.root, case.publisher, [tampered(publish), slsa]),
    }
    clients = [uploader for uploader in uploaders() if uploader.name in SENDERS]
    for n, (what, (root, publisher, attestations)) in enumerate(refused.items()):
        case.attestations = attestations
        folder = scratch / str(n)
        folder.mkdir()
        case.lay_out(folder / "dist")
        token = lib.new_index(folder / "data", case.metadata["Name"], publisher)
        with Server(folder / "data", root) as server:
            for uploader in clients:
                told(uploader, what, case, folder, Target(server.url), token)


def told(uploader, what, case, folder, target, token):
    code, output = uploader.publish(folder, target, token, *SENDERS[uploader.name])
    wanted = messages.of(uploader.name, what, target)
    check(f"uploads by {uploader.name}: {what}: is refused", code != 0, output)
    check(f"uploads by {uploader.name}: {what}: shows what the guide says", messages.shown(wanted, output), f"wanted {wanted!r} in: {output}")
    check(f"uploads by {uploader.name}: {what}: nothing is listed", not lib.listing(target.url, case.metadata["Name"]))
