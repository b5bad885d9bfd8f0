"""Judges minted attestations with pypi-attestations and bundles with sigstore-python, under the one trust root given,
without a network.

Usage: python reference.py FOLDER. Reads FOLDER/MANIFEST.json, prints a JSON object of id to null (accepted) or a message.
"""

import json
import sys
from pathlib import Path

import pydantic
import pypi_attestations
from pypi_attestations import _impl
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

folder = Path(sys.argv[1])
cases = json.loads((folder / "MANIFEST.json").read_text())["cases"]
publishers = pydantic.TypeAdapter(_impl.Publisher)
verifiers = {}


def whose(expected):
    # A kind that the library does not know: the identity stands for it.
    if expected["kind"] == "Email":
        return policy.Identity(identity=expected["email"], issuer=expected["issuer"])
    return publishers.validate_python(expected)


def refusal(case):
    root = case["trusted_root"]
    if root not in verifiers:
        verifiers[root] = Verifier(trusted_root=TrustedRoot.from_file(str(folder / root)))
    # The library has no option for another trust root than Sigstore's own two.
    _impl.Verifier.production = lambda offline=False: verifiers[root]
    file = pypi_attestations.Distribution(name=case["artifact_name"], digest=case["artifact_sha256"])
    try:
        text = (folder / case["path"]).read_bytes()
        if case["kind"] == "bundle":
            bundle = Bundle.from_json(text)
            if "messageSignature" in json.loads(text):
                verifiers[root].verify_artifact(bytes.fromhex(case["artifact"]), bundle, policy.UnsafeNoOp())
            else:
                verifiers[root].verify_dsse(bundle, policy.UnsafeNoOp())
            return None
        attestation = pypi_attestations.Attestation.model_validate_json(text)
        attestation.verify(whose(case["publisher"]), file, offline=True)
    except Exception as error:  # the library raises of many kinds
        return f"{type(error).__name__}: {error}"


print(json.dumps({case["id"]: refusal(case) for case in cases}))
