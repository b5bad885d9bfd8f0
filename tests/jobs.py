"""What a CI job is made of: an authority for TLS, an OpenID provider, claims, programs on PATH, an environment of its own.

Standard library only; the provider needs node, its certificates need openssl.
"""

import contextlib
import http.client
import json
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import lib

NODE = Path(__file__).resolve().parent / "trusted_publishing" / "node"
GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
GOOGLE = "https://accounts.google.com"
BUILDKITE = "https://agent.buildkite.com"
# The issuer of all organisations, by whose tokens `id`, uv and touchplate ask (`--root-issuer`).
CIRCLECI = "https://oidc.circleci.com"
ORGANISATION = "11111111-2222-3333-4444-555555555555"


def certificate_authority(folder):
    """A test CA and a certificate of this machine by it: (CA, certificate, key)."""
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ca, ca_key, request = folder / "ca.pem", folder / "ca.key", folder / "own.csr"
    own, own_key, names = folder / "own.pem", folder / "own.key", folder / "names"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=touchplate tests", "-keyout", ca_key, "-out", ca)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", own_key, "-out", request)
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-days", "2", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-extfile", names, "-out", own)
    return ca, own, own_key


def packages_of_node():
    """What the provider needs, at the versions of its lock file."""
    with lib.one_at_a_time("node"):
        if not (NODE / "node_modules" / "oidc-provider").is_dir():
            subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=NODE, check=True)


class Provider:
    """The OpenID provider, which is also each CI's."""

    def __init__(self, folder, ca, certificate, key):
        self.keys = folder / "keys.json"
        self.process = subprocess.Popen(["node", NODE / "provider.mjs", key, certificate, self.keys],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=NODE)
        self.issuer = self.process.stdout.readline().split()[2].decode()
        self.context = ssl.create_default_context(cafile=ca)

    def ask(self, method, path, value):
        connection = http.client.HTTPSConnection(self.issuer.removeprefix("https://"), context=self.context, timeout=30)
        connection.request(method, path, json.dumps(value), {"content-type": "application/json"})
        return json.loads(connection.getresponse().read())

    def token(self, issuer, audience, sub, claims):
        return self.ask("POST", "/token", {"iss": issuer, "aud": audience, "sub": sub, "claims": claims})["value"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)


def github_claims(repository, workflow="release.yml"):
    ref = f"{repository}/.github/workflows/{workflow}@refs/tags/v1"
    return {"repository": repository, "repository_owner": repository.split("/")[0], "repository_owner_id": "65", "repository_id": "123",
            "job_workflow_ref": ref, "workflow_ref": ref, "event_name": "push", "ref": "refs/tags/v1", "sha": "c0ffee" * 6 + "abcd",
            "run_id": "7", "run_attempt": "1", "repository_visibility": "private", "runner_environment": "github-hosted"}


def gitlab_claims(issuer, path):
    return {"project_path": path, "ci_config_ref_uri": f"{issuer.removeprefix('https://')}/{path}//.gitlab-ci.yml@refs/tags/v1",
            "namespace_path": path.rsplit("/", 1)[0], "ref_path": "refs/tags/v1", "sha": "c0ffee" * 6 + "abcd", "project_id": "7", "namespace_id": "8", "job_id": "9"}


def program(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def run(scratch, ca, words, **variables):
    """A client in an environment of nothing but these variables."""
    environment = {"HOME": str(scratch / "home"), "PATH": "/usr/bin:/bin", "SSL_CERT_FILE": str(ca), "CI": "true", "NO_COLOR": "1", **variables}
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env=environment, cwd=scratch, timeout=120)
    return done.returncode, done.stdout


# ---------------------------------------------------------------- an index for them

class Index:
    """An index over TLS that believes every CI's tokens, which the provider signs."""

    def __init__(self, scratch, ca, server, provider):
        self.scratch, self.ca, self.server, self.provider = scratch, ca, server, provider
        self.context = ssl.create_default_context(cafile=ca)
        self.audience = self.get("/_/oidc/audience")["audience"]

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection(self.server.url.removeprefix("https://"), context=self.context, timeout=30)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()

    def get(self, path):
        return json.loads(self.ask("GET", path, headers={"accept": lib.SIMPLE_JSON + ", application/json"})[1])

    def pending(self, project, *words):
        lib.admin(self.server.data, "publisher", "add", "--pending", "--project", project, *words)


def every_ci(own, ca):
    """A list of issuers: the public CIs, with the provider's keys, and the provider itself as a GitLab of one's own."""
    issuers = [(GITHUB, "github"), (GITLAB, "gitlab"), (GOOGLE, "google"), (BUILDKITE, "buildkite"), (CIRCLECI, "circleci")]
    text = "".join(f'[[issuer]]\nissuer = "{url}"\nkind = "{kind}"\njwks_file = "keys.json"\n' for url, kind in issuers)
    text = text.replace('kind = "github"', 'kind = "github"\nallow = ["https://github.com/acme/*"]')
    text = text.replace('kind = "google"', 'kind = "google"\nallow = ["*@acme.iam.gserviceaccount.com"]')
    return text + f'[[issuer]]\nissuer = "{own}"\nkind = "gitlab"\nca_file = "{ca}"\n'


@contextlib.contextmanager
def index_of_ci(scratch, kind=Index, issuers=None, options=()):
    """An index with a trust stack, on loopback over TLS. Public providers' tokens bear their real issuer, whose keys it has
    in a file; the provider's own are discovered. `kind` is `Index`, or a class that adds to it; `issuers` is another list.
    """
    packages_of_node()
    (scratch / "home").mkdir()
    ca, certificate, key = certificate_authority(scratch)
    with Provider(scratch, ca, certificate, key) as provider:
        (scratch / "issuers.toml").write_text(issuers or every_ci(provider.issuer, ca))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            listen = "127.0.0.1:" + str(free.getsockname()[1])
        url = f"https://{listen}"
        # The kernel of a container says nothing of its clock.
        options = ["--trust-clock", "unchecked", "--url", url, "--tls-cert", certificate, "--tls-key", key,
                   "--trust-issuers", scratch / "issuers.toml", *options]
        subprocess.run([lib.binary(), "trust", "init", "--data", scratch / "data", "--url", url], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with lib.Server(scratch / "data", options=options, listen=listen) as server:
            yield kind(scratch, ca, server, provider)
