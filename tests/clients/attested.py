"""Attested files: the corpus' and minted ones go the whole way by twine and by uv."""

import base64
import concurrent.futures
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pypi_attestations
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier, policy

import lib
from lib import Server, check, skip
from programs import installs, twine, uv_publish

# The kinds that the library can read in a provenance object; of others, it is handed each attestation.
KINDS_OF_THE_LIBRARY = ("GitHub", "GitLab", "Google", "CircleCI")
ROOTS = ("sigstore-production", "sigstore-staging", "minted")


@dataclass
class Case:
    """A file with its attestations, and who is expected to have made them."""

    name: str
    filename: str
    content: bytes
    attestations: list
    publisher: dict
    root: Path
    identity: dict | None = None
    library_accepts: bool = True
    installable: bool = True

    def lay_out(self, folder):
        """Writes the file with its sidecars; their paths, the file's first."""
        folder.mkdir()
        paths = [folder / self.filename]
        paths[0].write_bytes(self.content)
        for raw in self.attestations:
            statement = json.loads(base64.b64decode(json.loads(raw)["envelope"]["statement"]))
            sidecar = folder / f"{self.filename}.{lib.PREDICATES[statement['predicateType']]}.attestation"
            assert not sidecar.exists(), f"{self.name}: two attestations of one predicate type"
            sidecar.write_bytes(raw)
            paths.append(sidecar)
        return paths

    @property
    def metadata(self):
        return lib.core_metadata(self.filename, self.content)


def corpus_cases(corpus, root):
    for row in lib.corpus_rows(corpus):
        wanted = row["expected"] == "accept" and row["level"] in ("must", "strict") and row["kind"] in ("pep740", "provenance")
        if not wanted or row["trusted_root"] != f"roots/{root}.json" or not row.get("artifact"):
            continue
        raw = (corpus / row["path"]).read_bytes()
        attestations = [raw]
        if row["kind"] == "provenance":
            bundles = json.loads(raw)["attestation_bundles"]
            attestations = [json.dumps(a).encode() for bundle in bundles for a in bundle["attestations"]]
        yield Case(
            name=row["id"],
            filename=row["artifact_name"],
            content=(corpus / row["artifact"]).read_bytes(),
            attestations=attestations,
            publisher=lib.publisher_of(row),
            root=corpus / row["trusted_root"],
            identity=row.get("identity"),
            library_accepts=row["oracle"]["python"]["verdict"] == "accept",
            # The minted cases' sdist names a build backend that is an empty file.
            installable=root != "minted",
        )


def minted_cases(corpus):
    """A wheel and an sdist that install, attested under the minted root."""
    sys.path.insert(0, str(corpus))
    import mint

    build = {"buildDefinition": {"buildType": "https://example.test/build", "externalParameters": {}},
             "runDetails": {"builder": {"id": "https://example.test/builder"}}}
    stack = mint.Stack()
    for made in (lib.wheel("minted-sample", "1.0"), lib.sdist("minted-sample", "1.0")):
        filename, content = made
        digest = hashlib.sha256(content).hexdigest()
        minted = [stack.attest(filename, digest)[0],
                  stack.attest(filename, digest, n=1, predicate_type=mint.SLSA_V1, predicate=build)[0]]
        yield Case(
            name=f"minted {filename}",
            filename=filename,
            content=content,
            attestations=[json.dumps(attestation).encode() for attestation in minted],
            publisher={"kind": "GitHub", "repository": "example/sampleproject", "workflow": "release.yml"},
            root=corpus / "roots" / "minted.json",
        )


def run_case(folder, case):
    """The whole way of one case, once through twine and once through uv, each into an index of its own."""
    folder.mkdir()
    project = case.metadata["Name"]
    files = case.lay_out(folder / "dist")
    for tool in ("twine", "uv"):
        name, scratch = f"{case.name} by {tool}", folder / tool
        scratch.mkdir()
        token = lib.new_index(scratch / "data", project, case.publisher)
        with Server(scratch / "data", case.root) as server:
            def publish():
                if tool == "twine":
                    return twine(scratch, server, token, files, attestations=True)
                return uv_publish(scratch, server, token, files)

            code, output = publish()
            if not check(f"{name}: uploads", code == 0, output):
                continue
            served(name, server, case, project)
            if case.installable:
                code, output = publish()
                check(f"{name}: uploads again, as the same file", code == 0, output)
                installs(scratch, name, server, project, case.metadata["Version"], case.filename, case.content)


def served(name, server, case, project):
    """What the index says of the file: Simple JSON, the bytes, the Integrity API; the library verifies the latter."""
    entry = (lib.listing(server.url, project) or {}).get(case.filename)
    if not check(f"{name}: listed with a provenance URL", entry and entry.get("provenance"), entry):
        return
    got = lib.fetch(entry["url"])
    check(f"{name}: served whole", got.body == case.content and entry["hashes"]["sha256"] == hashlib.sha256(got.body).hexdigest(), got)
    provenance = lib.fetch(entry["provenance"])
    if not check(f"{name}: has provenance", provenance.status == 200, provenance):
        return
    stored = [a for bundle in json.loads(provenance.body)["attestation_bundles"] for a in bundle["attestations"]]
    by_text = lambda attestations: sorted(json.dumps(a, sort_keys=True) for a in attestations)
    check(f"{name}: serves the attestations as uploaded", by_text(stored) == by_text(map(json.loads, case.attestations)), provenance)
    if not case.library_accepts:
        skip(f"{name}: pypi-attestations", "the reference implementation refuses this valid case (corpus, `oracle`)")
        return
    error = library_error(case, provenance.body)
    check(f"{name}: pypi-attestations verifies what is served", error is None, error)


def library_error(case, served_bytes):
    """What the library has against what the Integrity API serves; None if it accepts it."""
    distribution = pypi_attestations.Distribution(name=case.filename, digest=hashlib.sha256(case.content).hexdigest())
    try:
        if case.publisher["kind"] in KINDS_OF_THE_LIBRARY:
            provenance = pypi_attestations.Provenance.model_validate_json(served_bytes)
            pairs = [(bundle.publisher, a) for bundle in provenance.attestation_bundles for a in bundle.attestations]
        else:
            whom = policy.Identity(identity=case.identity["san"], issuer=case.identity["issuer"])
            bundles = json.loads(served_bytes)["attestation_bundles"]
            pairs = [(whom, pypi_attestations.Attestation.model_validate(a)) for b in bundles for a in b["attestations"]]
        for publisher, attestation in pairs:
            attestation.verify(publisher, distribution, offline=True)
        return None if len(pairs) == len(case.attestations) else f"{len(pairs)} attestations served, not {len(case.attestations)}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def verifier_with(root):
    """Has the library judge by that trust root alone, without looking anything up."""
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(root)))
    return mock.patch("pypi_attestations._impl.Verifier.production", lambda offline=False: verifier)


def attested(scratch, corpus, only):
    for root in ROOTS:
        cases = [*corpus_cases(corpus, root), *(minted_cases(corpus) if root == "minted" else ())]
        cases = [case for case in cases if only in f"{root} {case.name}"]
        (scratch / root).mkdir()
        # Two at a time: half of each case is waiting for a client to start.
        with verifier_with(corpus / "roots" / f"{root}.json"), concurrent.futures.ThreadPoolExecutor(2) as pool:
            runs = {pool.submit(run_case, scratch / root / str(n), case): case for n, case in enumerate(cases)}
            for run in concurrent.futures.as_completed(runs):
                if run.exception():
                    check(f"{runs[run].name}: runs to its end", False, repr(run.exception()))
