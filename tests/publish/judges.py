"""Whether the published library `pypi-attestations`, which stands on sigstore-python, accepts what an index serves of a release."""

import hashlib
import json
import urllib.parse
from unittest import mock

import pypi_attestations
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier, policy

from lib import check

# The kinds that the library can read in a provenance object; of others, it is handed each attestation, and whose it must be.
KINDS = ("GitHub", "GitLab", "Google", "CircleCI")


def accept(name, place, who):
    """Each file's attestations hold under the index's root; `who` is issuer and certificate's name, for kinds that the library has not."""
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(place.repository / "root.json")))
    for file in place.index.get("/simple/demo/")["files"]:
        content = place.index.ask("GET", urllib.parse.urlsplit(file["url"]).path)[1]
        provenance = place.index.get(urllib.parse.urlsplit(file["provenance"]).path)
        dist = pypi_attestations.Distribution(name=file["filename"], digest=hashlib.sha256(content).hexdigest())
        try:
            with mock.patch("pypi_attestations._impl.Verifier.production", lambda offline=False: verifier):
                answer = [attestation.verify(whom, dist)[0] for whom, attestation in read(provenance, who)]
        except Exception as error:  # Whatever the library raises is its answer.
            answer = repr(error)
        check(f"{name}: pypi-attestations accepts {file['filename']}", answer == ["https://docs.pypi.org/attestations/publish/v1"], answer)


def read(provenance, who):
    """(whose it must be, attestation) of each attestation."""
    bundles = provenance["attestation_bundles"]
    if all(bundle["publisher"]["kind"] in KINDS for bundle in bundles):
        for bundle in pypi_attestations.Provenance.model_validate_json(json.dumps(provenance)).attestation_bundles:
            yield from ((bundle.publisher, attestation) for attestation in bundle.attestations)
        return
    issuer, identity = who
    for bundle in bundles:
        for attestation in bundle["attestations"]:
            yield policy.Identity(identity=identity, issuer=issuer), pypi_attestations.Attestation.model_validate(attestation)
