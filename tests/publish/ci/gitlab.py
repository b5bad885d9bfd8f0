"""GitLab CI: a pipeline with components. A runner of our own, not GitLab's: stages, artifacts, `id_tokens`, rules that ask for a variable."""

import re
import shutil

import yaml

import jobs
import lib
from .place import COMMIT, TAG, JobFailed, Unknown, copy_matching

FILES = (".gitlab-ci.yml",)
COMPONENT = re.compile(r"\$CI_SERVER_FQDN/example/touchplate/(\w+)@[0-9a-f]{40}")
INPUT = re.compile(r"\$\[\[\s*inputs\.([\w-]+)\s*\]\]")
GLOBAL = {"include", "stages", "variables"}
JOB_KEYS = {"stage", "image", "rules", "id_tokens", "variables", "script", "artifacts", "environment"}
PREDEFINED = {"CI": "true", "GITLAB_CI": "true", "CI_COMMIT_TAG": TAG, "CI_COMMIT_SHA": COMMIT, "CI_SERVER_FQDN": "gitlab.com",
              "CI_SERVER_URL": "https://gitlab.com", "CI_PROJECT_PATH": "example/demo", "CI_JOB_ID": "9"}


def run(place, path):
    """The pipeline, as for a pushed tag."""
    pipeline = yaml.safe_load((place.repository / path).read_text())
    for included in pipeline.pop("include", []):
        name = COMPONENT.fullmatch(included["component"])
        if not name:
            raise Unknown(f"the component {included['component']}")
        component = interpolate((lib.ROOT / "templates" / f"{name[1]}.yml").read_text(), included.get("inputs", {}))
        # What the file says of a job of the same name adds to the component's.
        pipeline = {**component, **pipeline, **{job: {**component[job], **pipeline.get(job, {})} for job in component}}
    artifacts = place.scratch / "artifacts"
    shutil.rmtree(artifacts, ignore_errors=True)
    artifacts.mkdir()
    for stage in pipeline["stages"]:
        for name, job in pipeline.items():
            if name not in GLOBAL and job["stage"] == stage and wanted(job):
                run_job(place, name, job, artifacts)


def interpolate(text, given):
    """A component's jobs, with its inputs in their places; refused as GitLab refuses it."""
    header, _, body = text.partition("\n---\n")
    spec = yaml.safe_load(header)["spec"]["inputs"]
    if unknown := set(given) - set(spec):
        raise JobFailed(f"unknown inputs {unknown}")
    values = {}
    for name, about in spec.items():
        if name not in given and "default" not in about:
            raise JobFailed(f"the input {name} is required")
        values[name] = str(given.get(name, about.get("default")))
        if "regex" in about and not re.search(about["regex"], values[name]):
            raise JobFailed(f"the input {name} does not match {about['regex']}")
    return yaml.safe_load(INPUT.sub(lambda found: values[found[1]], body))


def wanted(job):
    for rule in job.get("rules", [{"if": "$CI"}]):
        if not re.fullmatch(r"\$\w+", rule["if"]):
            raise Unknown(f"the rule {rule}")
        if PREDEFINED.get(rule["if"][1:]):
            return True
    return False


def run_job(place, name, job, artifacts):
    if unknown := set(job) - JOB_KEYS:
        raise Unknown(f"a job's {unknown}")
    folder = place.checkout(name)
    shutil.copytree(artifacts, folder, dirs_exist_ok=True)
    variables = {**PREDEFINED, "CI_PROJECT_DIR": folder}
    for variable, value in job.get("variables", {}).items():
        if not isinstance(value, dict) or value.get("expand") is not False:
            raise Unknown(f"the variable {variable}: {value}")
        variables[variable] = value["value"]
    for variable, asked in job.get("id_tokens", {}).items():
        claims = jobs.gitlab_claims(jobs.GITLAB, "example/demo")
        variables[variable] = place.token(jobs.GITLAB, asked["aud"], f"project_path:example/demo:ref_type:tag:ref:{TAG}", claims)
    # All lines are one script, which ends at the first that fails.
    place.shell("\n".join(job["script"]), folder, place.environment(**variables), ("/bin/bash", "-eo", "pipefail", "-c"))
    for path in job.get("artifacts", {}).get("paths", []):
        copy_matching(path + "**/*" if path.endswith("/") else path, folder, artifacts)
