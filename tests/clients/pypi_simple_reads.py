"""Run by pypi-simple's own Python: what it reads of one project, as HTML and as JSON, and what it does with a file; as JSON.

Usage: pypi_simple_reads.py INDEX-URL PROJECT FOLDER
"""

import json
import sys
import warnings
from pathlib import Path

from pypi_simple import ACCEPT_HTML_ONLY, ACCEPT_JSON_ONLY, NoProvenanceError, NoSuchProjectError, PyPISimple

# A repository version or a content type that it does not expect is a failure.
warnings.simplefilter("error")


def told_of(package):
    return {
        "sha256": package.digests.get("sha256"),
        "requires-python": package.requires_python,
        "yanked": package.yanked_reason if package.is_yanked else None,
        "metadata": package.has_metadata,
        "provenance": package.provenance_url,
        "size": package.size,
        "time": package.upload_time and package.upload_time.isoformat(),
    }


def refusal(of, *arguments):
    try:
        of(*arguments)
    except (NoProvenanceError, NoSuchProjectError) as error:
        return f"{type(error).__name__}: {error}"


def main(url, project, folder):
    found = {}
    with PyPISimple(url) as client:
        for name, accept in (("html", ACCEPT_HTML_ONLY), ("json", ACCEPT_JSON_ONLY)):
            page = client.get_project_page(project, accept=accept)
            found[name] = {package.filename: told_of(package) for package in page.packages}
            found[name + " names"] = client.get_index_page(accept=accept).projects
            found[name + " api"] = page.repository_version
        found["versions"] = page.versions
        package = page.packages[0]
        # It checks the digests of both itself.
        client.download_package(package, path=Path(folder) / package.filename)
        found["metadata"] = client.get_package_metadata(package)
        if package.provenance_url:
            found["publishers"] = [bundle["publisher"] for bundle in client.get_provenance(package)["attestation_bundles"]]
        else:
            found["no provenance"] = refusal(client.get_provenance, package)
        found["no project"] = refusal(client.get_project_page, "absent-sample")
    print(json.dumps(found))


main(*sys.argv[1:])
