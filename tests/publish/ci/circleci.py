"""CircleCI: a workflow's jobs. A runner of our own; `circleci` is a fake, which gives tokens."""

import re
import shutil

import yaml

import jobs
from .place import COMMIT, TAG, Unknown, copy_matching

FILES = (".circleci/config.yml",)
PROJECT, DEFINITION = "66666666-7777-8888-9999-aaaaaaaaaaaa", "bbbbbbbb-cccc-dddd-eeee-ffffffffffff"
PROGRAM = """
match sys.argv[1:]:
    case ["run", "oidc", "get", "--claims", claims, "--root-issuer"]:
        print(token(json.loads(claims)["aud"]))
    case _:
        sys.exit(f"the fake does not know {sys.argv}")
"""


def run(place, path):
    """The workflow, as for a pushed tag."""
    text = (place.repository / path).read_text()
    if "<<" in text:
        raise Unknown("parameters")
    config = yaml.safe_load(text)
    claims = {"oidc.circleci.com/project-id": PROJECT, "oidc.circleci.com/pipeline-definition-id": DEFINITION,
              "oidc.circleci.com/vcs-origin": "github.com/example/demo", "oidc.circleci.com/vcs-ref": f"refs/tags/{TAG}", "oidc.circleci.com/ssh-rerun": False}
    sub = f"org/{jobs.ORGANISATION}/project/{PROJECT}/user/u/vcs-origin/github.com/example/demo/vcs-ref/refs/tags/{TAG}"
    place.program("circleci", place.asking(jobs.CIRCLECI, sub, claims) + PROGRAM)
    kept = place.scratch / "workspace"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    done = []
    (workflow,) = config["workflows"].values()
    for entry in workflow["jobs"]:
        ((name, about),) = entry.items()
        if not re.fullmatch(about["filters"]["tags"]["only"].strip("/"), TAG) or not set(about.get("requires", [])) <= set(done):
            raise Unknown(f"the job {name}")
        run_job(place, name, config["jobs"][name], kept)
        done.append(name)


def run_job(place, name, job, kept):
    folder = place.scratch / "jobs" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    variables = {"CI": "true", "CIRCLECI": "true", "CIRCLE_TAG": TAG, "CIRCLE_SHA1": COMMIT, "CIRCLE_PROJECT_REPONAME": "demo", "CIRCLE_WORKING_DIRECTORY": folder}
    for step in job["steps"]:
        ((kind, about),) = step.items() if isinstance(step, dict) else [(step, None)]
        if kind == "checkout":
            shutil.copytree(place.repository, folder, dirs_exist_ok=True)
        elif kind == "run":
            command = about if isinstance(about, str) else about["command"]
            place.shell(command, folder, place.environment(**variables), ("/bin/bash", "-eo", "pipefail", "-c"))
        elif kind == "persist_to_workspace" and about["root"] == ".":
            for path in about["paths"]:
                copy_matching(f"{path}/**/*", folder, kept)
        elif kind == "attach_workspace" and about["at"] == ".":
            shutil.copytree(kept, folder, dirs_exist_ok=True)
        else:
            raise Unknown(f"the step {step}")
