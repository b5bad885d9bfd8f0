"""Each CI's job, as a client finds it: the variables that the CI sets and no others, its programs on PATH (fakes, named as such),
and whom the index must know for it.
"""

from typing import NamedTuple

from jobs import BUILDKITE, CIRCLECI, GITHUB, GITLAB, GOOGLE, github_claims, gitlab_claims, program


class Job(NamedTuple):
    """A job that publishes one project."""

    # What `admin publisher add` is told.
    publisher: tuple
    # What the job's environment has beside HOME and PATH.
    variables: dict
    on_google: bool = False


def github(index, project):
    index.provider.ask("PUT", "/github", {"iss": GITHUB, "sub": f"repo:acme/{project}", "claims": github_claims(f"acme/{project}")})
    return Job(("--kind", "github", "--repository", f"acme/{project}", "--workflow", "release.yml"),
               {"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{index.provider.issuer}/github?api-version=2.0"})


def gitlab(index, project):
    return _gitlab(index, project, GITLAB, ("--kind", "gitlab"))


def own_gitlab(index, project):
    own = index.provider.issuer
    return _gitlab(index, project, own, ("--kind", "gitlab-self-managed", "--issuer", own))


def _gitlab(index, project, issuer, kind):
    path = f"acme/{project}"
    # As `id` and uv name it: GitLab has a job's tokens in variables.
    variable = "".join(c if c.isalnum() or c == "_" else "_" for c in index.audience.upper()) + "_ID_TOKEN"
    token = index.provider.token(issuer, index.audience, f"project_path:{path}:ref_type:tag:ref:v1", gitlab_claims(issuer, path))
    return Job((*kind, "--repository", path, "--workflow-filepath", ".gitlab-ci.yml"), {"GITLAB_CI": "true", variable: token})


def buildkite(index, project):
    token = index.provider.token(BUILDKITE, index.audience, f"organization:acme:pipeline:{project}", {"organization_slug": "acme", "pipeline_slug": project})
    # The agent is told the audience, and nothing but the token comes back.
    agent = f"[ \"$*\" = 'oidc request-token --audience {index.audience}' ] && echo {token}"
    return Job(("--kind", "buildkite", "--organization", "acme", "--pipeline", project), {"BUILDKITE": "true", **_on_path(index, "buildkite-agent", agent)})


def circleci(index, project):
    claims = {"oidc.circleci.com/project-id": project, "oidc.circleci.com/pipeline-definition-id": "d", "oidc.circleci.com/ssh-rerun": False}
    token = index.provider.token(CIRCLECI, index.audience, f"org/o/project/{project}", claims)
    # Both clients ask for the audience in `--claims`, and for the issuer that all organisations share; in one order or the other.
    words = f"case \"$*\" in 'run oidc get '*) ;; *) exit 1 ;; esac\n" \
            f"case \"$*\" in *--root-issuer*) ;; *) exit 2 ;; esac\n" \
            f"case \"$*\" in *'--claims {{'*'{index.audience}\"}}'*) echo {token} ;; *) exit 3 ;; esac"
    return Job(("--kind", "circleci", "--project-id", project, "--pipeline-definition-id", "d"), {"CIRCLECI": "true", **_on_path(index, "circleci", words)})


def google(index, project):
    index.metadata.email = f"{project}@acme.iam.gserviceaccount.com"
    return Job(("--kind", "google", "--email", index.metadata.email), {}, on_google=True)


def google_token(index):
    """What the metadata server answers with."""
    return lambda audience, sub, claims: index.provider.token(GOOGLE, audience, sub, claims)


def _on_path(index, name, text):
    fakes = index.scratch / f"fake-{name}"
    fakes.mkdir(exist_ok=True)
    program(fakes, name, f"#!/bin/sh\n# A fake.\n{text}\n")
    return {"PATH": f"{fakes}:/usr/bin:/bin"}
