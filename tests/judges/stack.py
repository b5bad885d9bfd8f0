"""A private stack on loopback, and whoever vouches for signers: keys of a test, and npm's OpenID provider over TLS."""

import base64
import datetime
import hashlib
import ipaddress
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import urllib.parse
from pathlib import Path

import jwt
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import lib

NODE = Path(__file__).resolve().parent / "node"
# GitHub's own issuer, by a key of ours: whoever reads the certificate sees a workflow.
GITHUB = "https://token.actions.githubusercontent.com"
REPOSITORY, WORKFLOW, REF = "example/sampleproject", "release.yml", "refs/tags/v1.0"
IDENTITY = f"https://github.com/{REPOSITORY}/.github/workflows/{WORKFLOW}@{REF}"


class Issuer:
    """A key that signs ID tokens, and its key set in a file."""

    def __init__(self, folder):
        self.key = ec.generate_private_key(ec.SECP256R1())
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        self.key_set = folder / "jwks.json"
        self.key_set.write_text(json.dumps({"keys": [{**public, "kid": "judges", "alg": "ES256", "use": "sig"}]}))

    def token(self, **changes):
        """What a workflow on GitHub is given."""
        now = int(datetime.datetime.now(datetime.timezone.utc).timestamp())
        claims = {
            "iss": GITHUB,
            "aud": "sigstore",
            "sub": f"repo:{REPOSITORY}:ref:{REF}",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": secrets.token_hex(8),
            "ref": REF,
            "ref_type": "tag",
            "sha": "a" * 40,
            "repository": REPOSITORY,
            "repository_id": "1001",
            "repository_owner": REPOSITORY.split("/")[0],
            "repository_owner_id": "2002",
            "repository_visibility": "private",
            "run_id": "3003",
            "run_number": "7",
            "run_attempt": "1",
            "actor": "octocat",
            "actor_id": "4004",
            "workflow": "release",
            "workflow_ref": f"{REPOSITORY}/.github/workflows/{WORKFLOW}@{REF}",
            "workflow_sha": "a" * 40,
            "job_workflow_ref": f"{REPOSITORY}/.github/workflows/{WORKFLOW}@{REF}",
            "job_workflow_sha": "a" * 40,
            "event_name": "push",
            "runner_environment": "github-hosted",
            **changes,
        }
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": "judges"})


def free_port():
    """A port that was free a moment ago: the stack's URL is fixed before it listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def certificate(folder):
    """A certificate authority's file, and key and certificate of `localhost`."""
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.timezone.utc)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def builder(subject, public):
        return (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("judges")).public_key(public)
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                .not_valid_after(now + datetime.timedelta(days=1)))

    root = (builder("judges", root_key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256()))
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = (builder("localhost", key.public_key())
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256()))
    files = [folder / "tls-root.pem", folder / "tls-key.pem", folder / "tls.pem"]
    files[0].write_bytes(root.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    files[2].write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    return files


class Provider:
    """npm's oidc-provider, over TLS."""

    def __init__(self, folder):
        self.ca, key, cert = certificate(folder)
        with open(folder / "provider.log", "wb") as log:
            self.process = subprocess.Popen(["node", str(NODE / "provider.mjs"), str(key), str(cert)], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log, env=lib.environment())
        line = self.process.stdout.readline().decode()
        if not line.startswith("listening on "):
            raise RuntimeError(f"the OpenID provider did not start: {(folder / 'provider.log').read_text()[-2000:]}")
        self.url = line.split()[2]

    def token(self, person):
        """An ID token by the authorization code flow with PKCE, as a browser would fetch it."""
        browser = requests.Session()
        browser.verify = str(self.ca)
        browser.trust_env = False
        described = browser.get(f"{self.url}/.well-known/openid-configuration", timeout=30).json()
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        callback = "http://127.0.0.1/callback"
        asked = {"client_id": "sigstore", "response_type": "code", "scope": "openid email", "redirect_uri": callback, "state": "s",
                 "code_challenge": challenge, "code_challenge_method": "S256"}
        answer = browser.get(described["authorization_endpoint"], params=asked, allow_redirects=False, timeout=30)
        # Signing in, then consent: each is a form that redirects onwards.
        for form in ({"prompt": "login", "login": person, "password": "any"}, {"prompt": "consent"}):
            page = urllib.parse.urljoin(self.url, answer.headers["location"])
            answer = browser.post(page, data=form, allow_redirects=False, timeout=30)
            answer = browser.get(answer.headers["location"], allow_redirects=False, timeout=30)
        code = urllib.parse.parse_qs(urllib.parse.urlparse(answer.headers["location"]).query)["code"][0]
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "client_id": "sigstore", "code_verifier": verifier}
        answer = browser.post(described["token_endpoint"], data=given, timeout=30).json()
        return answer["id_token"]

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stack:
    """An index with a stack of its own; who may sign is told in `issuers.toml`."""

    def __init__(self, folder, issuer, provider=None):
        self.folder, self.data = folder, folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        run("trust", "init", "--data", self.data, "--url", self.url)
        issuers = [f"""
[[issuer]]
issuer = "{GITHUB}"
kind = "github"
audiences = ["sigstore"]
algorithms = ["ES256"]
jwks_file = "{issuer.key_set}"
allow = ["https://github.com/{REPOSITORY}"]
"""]
        if provider is not None:
            issuers.append(f"""
[[issuer]]
issuer = "{provider.url}"
kind = "email"
audiences = ["sigstore"]
algorithms = ["ES256"]
ca_file = "{provider.ca}"
private_network = true
allow = ["*@example.org"]
""")
        (self.data / "trust" / "issuers.toml").write_text("".join(issuers))
        self.start()

    def start(self):
        """The machine's own clock is whatever it is: the stack is told not to ask."""
        self.server = lib.Server(self.data, listen=f"127.0.0.1:{self.port}", options=["--url", self.url, "--trust-clock", "unchecked"])

    def rotate(self):
        """New keys for every service; then the server is started anew."""
        for what in ("ca", "log", "ct", "tsa"):
            run("trust", "rotate", what, "--data", self.data)
        self.stop()
        self.start()

    def document(self, name):
        """One of the documents that clients of the stack need."""
        answer = requests.get(f"{self.url}/trust/{name}", timeout=30)
        answer.raise_for_status()
        path = self.folder / name
        path.write_text(answer.text)
        return path

    def stop(self):
        self.server.stop()


def run(*words, check=True, stdin=b""):
    """`touchplate` itself; (exit status, standard output, standard error)."""
    done = subprocess.run([lib.binary(), *map(str, words)], input=stdin, capture_output=True, env=lib.environment(), timeout=120)
    if check and done.returncode:
        raise RuntimeError(f"touchplate {' '.join(map(str, words))}: {done.stderr.decode()}")
    return done.returncode, done.stdout.decode(), done.stderr.decode()
