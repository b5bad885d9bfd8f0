"""Google Cloud: a script on a machine. Its metadata server is a fake on the loopback, named by the variable that Google's clients read."""

from metadata import Metadata

FILES = ("release.sh",)
ISSUER = "https://accounts.google.com"
ACCOUNT = "release@example.iam.gserviceaccount.com"


def run(place, path):
    """The script, as the machine's service account."""
    token = lambda audience, sub, claims: place.token(ISSUER, audience, sub, claims)
    with Metadata(token, ACCOUNT) as metadata:
        folder = place.checkout("machine")
        environment = place.environment(GCE_METADATA_HOST=metadata.host)
        place.shell((place.repository / path).read_text(), folder, environment, ("/bin/sh", "-c"))
