"""The CI services that `touchplate publish` is run in: each one's variables, where it gets tokens, and what a certificate says of it."""

import re

import jobs
from jobs import BUILDKITE, CIRCLECI, GITHUB, GITLAB

GOOGLE = "https://accounts.google.com"
KUBERNETES = "https://kubernetes.default.svc.cluster.local"
PROJECT, DEFINITION = "66666666-7777-8888-9999-aaaaaaaaaaaa", "bbbbbbbb-cccc-dddd-eeee-ffffffffffff"
ACCOUNT = "release@example.iam.gserviceaccount.com"
# Whom the private stack gives certificates to.
ALLOWED = {GITHUB: ("github", "https://github.com/acme/*"), GITLAB: ("gitlab", "https://gitlab.com/acme/*"), BUILDKITE: ("buildkite", "https://buildkite.com/acme/*"),
           CIRCLECI: ("circleci", f"https://circleci.com/api/v2/projects/{PROJECT}/*"), GOOGLE: ("google", ACCOUNT),
           KUBERNETES: ("kubernetes", "https://kubernetes.io/namespaces/release/serviceaccounts/*")}
ISSUERS = "".join(f'[[issuer]]\nissuer = "{issuer}"\nkind = "{kind}"\njwks_file = "keys.json"\nallow = ["{allow}"]\n' for issuer, (kind, allow) in ALLOWED.items())

# An ID token, or one of the index's.
SECRET = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+|tp-\d-[\w-]+")


def tokens_in(output):
    """What a log shows of tokens. A line that tells GitHub what to mask is not shown."""
    lines = [line for line in output.splitlines() if not line.startswith("::add-mask::")]
    return SECRET.findall("\n".join(lines))


class Service:
    def publisher_words(self):
        words = ["--kind", self.name.lower()]
        for key, value in self.publisher.items():
            if key != "kind":
                words += ["--" + key.replace("_", "-"), value]
        return words


class GitHub(Service):
    name, issuer = "GitHub", GITHUB

    def __init__(self, provider, repository="acme/demo"):
        self.provider, self.repository = provider, repository
        self.publisher = {"kind": "GitHub", "repository": repository, "workflow": "release.yml"}
        self.san = f"https://github.com/{repository}/.github/workflows/release.yml@refs/tags/v1"

    def variables(self):
        self.provider.ask("PUT", "/github", {"iss": GITHUB, "sub": f"repo:{self.repository}", "claims": jobs.github_claims(self.repository)})
        return {"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.provider.issuer}/github?api-version=2.0"}


class GitLab(Service):
    """A job has one token for each audience, from its start on."""

    name, issuer = "GitLab", GITLAB
    publisher = {"kind": "GitLab", "repository": "acme/demo", "workflow_filepath": ".gitlab-ci.yml"}
    san = "https://gitlab.com/acme/demo//.gitlab-ci.yml@refs/tags/v1"

    def __init__(self, index):
        self.index = index

    def variables(self):
        def token(audience):
            return self.index.provider.token(GITLAB, audience, "project_path:acme/demo:ref_type:tag:ref:v1", jobs.gitlab_claims(GITLAB, "acme/demo"))
        variable = re.sub(r"\W", "_", self.index.audience.upper()) + "_ID_TOKEN"
        return {"GITLAB_CI": "true", variable: token(self.index.audience), "SIGSTORE_ID_TOKEN": token("sigstore")}


class Fake(Service):
    """A program of the CI's on PATH, which gives tokens."""

    def __init__(self, index):
        folder = index.scratch / f"path-of-{self.name.lower()}"
        folder.mkdir()
        asked = (f"import json, ssl, sys, urllib.request\n\ndef token(audience):\n"
                 f"    asked = json.dumps({{'iss': {self.issuer!r}, 'sub': {self.sub!r}, 'claims': {self.claims!r}, 'aud': audience}}).encode()\n"
                 f"    context = ssl.create_default_context(cafile={str(index.ca)!r})\n"
                 f"    with urllib.request.urlopen({index.provider.issuer + '/token'!r}, asked, context=context) as answer:\n"
                 f"        return json.load(answer)['value']\n")
        jobs.program(folder, self.program, f"#!/usr/bin/env python3\n# A fake.\n{asked}\n{self.text}")
        self.path = f"{folder}:/usr/bin:/bin"


class Buildkite(Fake):
    name, issuer, program = "Buildkite", BUILDKITE, "buildkite-agent"
    publisher = {"kind": "Buildkite", "organization": "acme", "pipeline": "demo"}
    san = "https://buildkite.com/acme/demo"
    sub, claims = "organization:acme:pipeline:demo", {"organization_slug": "acme", "pipeline_slug": "demo", "build_number": 7}
    text = 'if sys.argv[1:-1] != ["oidc", "request-token", "--audience"]:\n    sys.exit(f"not known: {sys.argv}")\nprint(token(sys.argv[-1]))\n'

    def variables(self):
        return {"BUILDKITE": "true", "PATH": self.path}


class CircleCI(Fake):
    name, issuer, program = "CircleCI", CIRCLECI, "circleci"
    publisher = {"kind": "CircleCI", "project_id": PROJECT, "pipeline_definition_id": DEFINITION}
    san = f"https://circleci.com/api/v2/projects/{PROJECT}/pipeline-definitions/{DEFINITION}"
    sub = f"org/{jobs.ORGANISATION}/project/{PROJECT}/user/u/vcs-origin/github.com/acme/demo/vcs-ref/refs/tags/v1"
    claims = {"oidc.circleci.com/project-id": PROJECT, "oidc.circleci.com/pipeline-definition-id": DEFINITION,
              "oidc.circleci.com/vcs-origin": "github.com/acme/demo", "oidc.circleci.com/vcs-ref": "refs/tags/v1", "oidc.circleci.com/ssh-rerun": False}
    text = 'if sys.argv[1:5] + sys.argv[6:] != ["run", "oidc", "get", "--claims", "--root-issuer"]:\n    sys.exit(f"not known: {sys.argv}")\nprint(token(json.loads(sys.argv[5])["aud"]))\n'

    def variables(self):
        return {"CIRCLECI": "true", "PATH": self.path}


class Google(Service):
    name, issuer, san = "Google", GOOGLE, ACCOUNT
    publisher = {"kind": "Google", "email": ACCOUNT}

    def __init__(self, metadata):
        self.metadata = metadata

    def variables(self):
        return {"GCE_METADATA_HOST": self.metadata.host}


class Kubernetes(Service):
    """A pod with its two projected tokens."""

    name, issuer = "Kubernetes", KUBERNETES
    publisher = {"kind": "Kubernetes", "issuer": KUBERNETES, "namespace": "release", "service_account": "publisher"}
    san = "https://kubernetes.io/namespaces/release/serviceaccounts/publisher"
    claims = {"kubernetes.io": {"namespace": "release", "serviceaccount": {"name": "publisher", "uid": "0b6f"}, "pod": {"name": "p", "uid": "0b70"}}}

    def __init__(self, index):
        self.index, self.folder = index, index.scratch / "tokens"
        self.folder.mkdir()

    def variables(self):
        for audience in (self.index.audience, "sigstore"):
            token = self.index.provider.token(KUBERNETES, audience, "system:serviceaccount:release:publisher", self.claims)
            (self.folder / re.sub(r"\W", "-", audience)).write_text(token)
        return {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "TOUCHPLATE_ID_TOKENS": str(self.folder)}


def all_of(index, metadata):
    metadata.token = lambda audience, sub, claims: index.provider.token(GOOGLE, audience, sub, claims)
    return [GitHub(index.provider), GitLab(index), Google(metadata), Buildkite(index), CircleCI(index), Kubernetes(index)]
