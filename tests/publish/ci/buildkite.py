"""Buildkite: a pipeline's steps. A runner of our own; `buildkite-agent` is a fake, which gives tokens and carries artifacts."""

import re
import shutil

import yaml

import jobs
from .place import COMMIT, TAG, Unknown, copy_matching

FILES = (".buildkite/pipeline.yml",)
WHO = (jobs.BUILDKITE, "https://buildkite.com/example/demo")
STEP_KEYS = {"label", "key", "command", "commands", "artifact_paths", "depends_on", "if"}
AGENT = """
import glob, os, shutil
match sys.argv[1:]:
    case ["oidc", "request-token", "--audience", audience]:
        print(token(audience))
    case ["artifact", "download", pattern, "."]:
        kept = os.environ["KEPT_BY_THE_FAKE"]
        found = glob.glob(pattern, root_dir=kept)
        for path in found:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            shutil.copyfile(os.path.join(kept, path), path)
        sys.exit(0 if found else 1)
    case _:
        sys.exit(f"the fake does not know {sys.argv}")
"""


def run(place, path):
    """The pipeline, as for a tag."""
    text = (place.repository / path).read_text()
    if re.search(r"(?<!\$)\$(?!\$)", text):
        raise Unknown("a variable: the agent replaces those when it uploads the pipeline")
    claims = {"organization_slug": "example", "pipeline_slug": "demo", "build_number": 7, "build_tag": TAG, "build_commit": COMMIT}
    place.program("buildkite-agent", place.asking(jobs.BUILDKITE, "organization:example:pipeline:demo", claims) + AGENT)
    kept = place.scratch / "artifacts"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    done = []
    for step in yaml.safe_load(text)["steps"]:
        if unknown := set(step) - STEP_KEYS:
            raise Unknown(f"a step's {unknown}")
        if step.get("if", "build.tag != null") != "build.tag != null" or step.get("depends_on") not in (None, *done):
            raise Unknown(f"the step {step['label']}")
        folder = place.checkout(step["label"])
        commands = step.get("commands") or [step["command"]]
        variables = {"CI": "true", "BUILDKITE": "true", "BUILDKITE_TAG": TAG, "BUILDKITE_COMMIT": COMMIT, "BUILDKITE_ORGANIZATION_SLUG": "example",
                     "BUILDKITE_PIPELINE_SLUG": "demo", "KEPT_BY_THE_FAKE": kept}
        place.shell("\n".join(commands), folder, place.environment(**variables))
        if "artifact_paths" in step:
            copy_matching(step["artifact_paths"], folder, kept)
        done.append(step.get("key"))
