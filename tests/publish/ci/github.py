"""GitHub Actions: workflows, and composite actions. A runner of our own, not GitHub's: expressions of names, texts, `==`, `!=`, `!`."""

import fnmatch
import re
import shutil

import yaml

import jobs
import lib
from .place import COMMIT, TAG, JobFailed, Unknown

FILES = (".github/workflows/release.yml",)
OURS = "example/touchplate"
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
WORKFLOW_KEYS = {"name", "on", "permissions", "concurrency", "jobs"}
JOB_KEYS = {"name", "needs", "runs-on", "environment", "permissions", "steps"}
STEP_KEYS = {"id", "name", "uses", "run", "with", "env", "if", "shell", "working-directory"}


def run(place, path):
    """The workflow, as for a pushed tag."""
    place.index.provider.ask("PUT", "/github", {
        "iss": jobs.GITHUB, "sub": "repo:example/demo:environment:release",
        "claims": {**jobs.github_claims("example/demo"), "environment": "release"}})
    workflow = load((place.repository / path).read_text())
    if unknown := set(workflow) - WORKFLOW_KEYS:
        raise Unknown(f"a workflow's {unknown}")
    if not any(fnmatch.fnmatchcase(TAG, pattern) for pattern in workflow["on"]["push"]["tags"]):
        raise Unknown("the workflow does not run for tags")
    done, stored = [], {}
    waiting = dict(workflow["jobs"])
    while waiting:
        name = next((name for name, job in waiting.items() if set(needs(job)) <= set(done)), None)
        if name is None:
            raise Unknown(f"jobs wait for each other: {list(waiting)}")
        Job(place, name, waiting.pop(name), stored).run()
        done.append(name)


def load(text):
    """YAML, in which `on` is a word and not a truth."""
    document = yaml.safe_load(text)
    if True in document:
        document["on"] = document.pop(True)
    return document


def needs(job):
    given = job.get("needs", [])
    return [given] if isinstance(given, str) else given


class Job:
    """One job on one fresh machine."""

    def __init__(self, place, name, job, stored):
        if unknown := set(job) - JOB_KEYS:
            raise Unknown(f"a job's {unknown}")
        self.place, self.job, self.stored = place, job, stored
        self.folder = place.scratch / "jobs" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.temp = place.scratch / "jobs" / f"{name}.temp"
        shutil.rmtree(self.temp, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.temp.mkdir()
        self.variables = self._variables()

    def _variables(self):
        variables = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "example/demo", "GITHUB_REF": f"refs/tags/{TAG}", "GITHUB_SHA": COMMIT,
                     "GITHUB_EVENT_NAME": "push", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_WORKSPACE": self.folder, "GITHUB_RUN_ID": "7",
                     "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_TEMP": self.temp}
        permissions = self.job.get("permissions", {})
        if permissions.get("id-token") == "write":
            variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "of-the-job"
            variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.place.index.provider.issuer}/github?api-version=2.0"
        return variables

    def run(self):
        for step in self.job["steps"]:
            if "uses" in step:
                self.uses(step)
            else:
                self.step(step, {}, default_shell="bash")

    def uses(self, step):
        action, _, version = step["uses"].partition("@")
        given = {name: _text(value) for name, value in step.get("with", {}).items()}
        if EXPRESSION.search(str(given)) or set(step) - STEP_KEYS or "if" in step:
            raise Unknown(f"an expression or a condition of the step {action}")
        if not re.fullmatch(r"[0-9a-f]{40}", version):
            raise Unknown(f"{step['uses']} is not pinned to a commit")
        if action == "actions/checkout":
            shutil.copytree(self.place.repository, self.folder, dirs_exist_ok=True)
        elif action == "astral-sh/setup-uv":
            pass  # It is on the path of every machine here.
        elif action == "actions/upload-artifact":
            kept = self.place.scratch / "artifacts" / given["name"]
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.folder / given["path"], kept)
            self.stored[given["name"]] = kept
        elif action == "actions/download-artifact":
            shutil.copytree(self.stored[given["name"]], self.folder / given["path"], dirs_exist_ok=True)
        elif action == OURS:
            self.composite(lib.ROOT, given)
        else:
            raise Unknown(f"the action {action}")

    def composite(self, folder, given):
        """A composite action; its outputs."""
        action = yaml.safe_load((folder / "action.yml").read_text())
        if action["runs"]["using"] != "composite":
            raise Unknown(action["runs"]["using"])
        if unknown := set(given) - set(action["inputs"]):
            raise JobFailed(f"unexpected inputs {unknown}")
        inputs = {}
        for name, about in action["inputs"].items():
            if about.get("required") and name not in given:
                raise JobFailed(f"the input {name} is required")
            inputs[name] = given.get(name, _text(about.get("default", "")))
        names = {f"inputs.{name}": value for name, value in inputs.items()}
        for step in action["runs"]["steps"]:
            self.step(step, names)
        return {name: expand(about["value"], names) for name, about in action.get("outputs", {}).items()}

    def step(self, step, names, default_shell=None):
        if unknown := set(step) - STEP_KEYS:
            raise Unknown(f"a step's {unknown}")
        if "if" in step and not holds(step["if"], names):
            return
        if step.get("shell", default_shell) != "bash":
            raise Unknown(f"the shell {step.get('shell')}")
        files = {name: self.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        own = {name: expand(_text(value), names) for name, value in step.get("env", {}).items()}
        script = self.temp / "script.sh"
        script.write_text(expand(step["run"], names))
        environment = self.place.environment(**self.variables, **files, **own)
        words = ("/bin/bash", "--noprofile", "--norc", "-eo", "pipefail")
        self.place.shell(str(script), self.folder / step.get("working-directory", "."), environment, words)
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            names[f"steps.{step['id']}.outputs.{name}"] = value
        for name in ("GITHUB_ENV", "GITHUB_PATH"):
            if files[name].read_text():
                raise Unknown(name)


def _text(value):
    """As GitHub turns a YAML value into text."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def expand(text, names):
    """A text with its expressions replaced."""
    return EXPRESSION.sub(lambda found: _text(value_of(found[1], names)), text)


def holds(condition, names):
    value = value_of(EXPRESSION.sub(r"\1", condition).strip(), names)
    return value not in ("", False, None)


def value_of(expression, names):
    for sign, wanted in ((" == ", True), (" != ", False)):
        left, found, right = expression.partition(sign)
        if found:
            return (value_of(left.strip(), names) == value_of(right.strip(), names)) is wanted
    if expression.startswith("!"):
        return not holds(expression[1:], names)
    if literal := re.fullmatch(r"'([^']*)'", expression):
        return literal[1]
    # What is not there is the empty text, as on GitHub; but only where steps and inputs are named.
    if re.fullmatch(r"(inputs|steps)\.[\w.-]+", expression):
        return names.get(expression, "")
    raise Unknown(f"the expression {expression}")
