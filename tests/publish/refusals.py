"""What the action and the component refuse, once their page has run: nothing is published, and whoever reads the log knows why."""

import yaml

import lib
from ci import github as actions
from ci import gitlab as components
from ci.place import JobFailed
from lib import check


def github(place):
    workflow = place.repository / ".github" / "workflows" / "release.yml"
    good = actions.load(workflow.read_text())
    before = place.index.get("/simple/demo/")
    # A release that is not there yet: who has nothing to send is refused nothing.
    project = place.repository / "pyproject.toml"
    project.write_text(project.read_text().replace('version = "1.0"', 'version = "2.0"'))

    def fails(name, change, *texts):
        document = yaml.safe_load(yaml.safe_dump(good))
        publish = document["jobs"]["publish"]
        change(publish, publish["steps"][-1]["with"])
        workflow.write_text(yaml.safe_dump(document))
        place.log = ""
        log = _log_of_failure(actions, place, ".github/workflows/release.yml")
        unchanged = place.index.get("/simple/demo/") == before
        check(f"github: {name}", log is not None and unchanged and all(text in log for text in texts), log or f"it ran\n{place.log}")

    wrong = "f" * 64
    fails("an archive with another digest is not unpacked", lambda job, given: given.update(sha256=wrong), "nothing was unpacked", wrong)
    fails("an archive without a digest is refused", lambda job, given: given.pop("sha256"), "64 lower-case hexadecimal digits")
    fails("a digest that is cut short is refused", lambda job, given: given.update(sha256=given["sha256"][:63]), "64 lower-case hexadecimal digits")
    fails("plain http is refused", lambda job, given: given.update(archive="http://127.0.0.1:1/touchplate.tar.gz"), "must be a URL with https")
    fails("no program is an answer", lambda job, given: (given.pop("archive"), given.pop("sha256")), "touchplate is not installed")
    fails("two programs are one too many", lambda job, given: given.update(binary="/bin/true"), "and not both")
    fails("a program that is not there", lambda job, given: (given.pop("archive"), given.pop("sha256"), given.update(binary="no/such")), "no program is there")
    fails("files that are not there", lambda job, given: given.update(files="nowhere/*"), "no file matches")
    fails("an input that the action does not have", lambda job, given: given.update(tokens="x"), "unexpected inputs")
    fails("no index", lambda job, given: given.pop("index"), "the input index is required")
    fails("a job without the right to an ID token is told so", lambda job, given: job["permissions"].pop("id-token"), "::error", "id-token: write")

    marker = place.scratch / "injected"
    for name in ("index", "files", "trust-config", "archive", "sha256", "arguments"):
        evil = f"x'\";$(touch {marker})`touch {marker}`\n; touch {marker}"
        fails(f"{name} is a value, and never a command", lambda job, given: given.update({name: evil}))
        check(f"github: {name} has run nothing", not marker.exists())
    good["jobs"]["publish"]["steps"][-1]["with"]["arguments"] = "--dry-run\n"
    log = _log_of_run(workflow, good, place)
    check("github: a dry run says what would be done, and does nothing", "demo-2.0" in log and not log.startswith("it failed") and place.index.get("/simple/demo/") == before, log)
    given = good["jobs"]["publish"]["steps"][-1]["with"]
    given.update(arguments="", binary=str(place.archive.binary), files="dist/*.whl\ndist/*.tar.gz\n")
    del given["archive"], given["sha256"]
    log = _log_of_run(workflow, good, place)
    names = [file["filename"] for file in place.index.get("/simple/demo/")["files"]]
    check("github: what was minted is masked before anything else is said of it", "::add-mask::tp-" in log, log)
    check("github: a program that is there already publishes as well", names[2:] == ["demo-2.0-py3-none-any.whl", "demo-2.0.tar.gz"], f"{names}\n{log}")


def _log_of_run(workflow, document, place):
    workflow.write_text(yaml.safe_dump(document))
    place.log = ""
    try:
        actions.run(place, ".github/workflows/release.yml")
    except JobFailed as failure:
        return f"it failed: {failure}"
    return place.log


def gitlab(place):
    text = (lib.ROOT / "templates" / "publish.yml").read_text()
    pipeline = yaml.safe_load((place.repository / ".gitlab-ci.yml").read_text())
    given = pipeline["include"][0]["inputs"]
    for name, inputs, wanted in (
        ("an input that is missing", {key: value for key, value in given.items() if key != "index"}, "the input index is required"),
        ("an input that the component does not have", {**given, "token": "x"}, "unknown inputs"),
        ("a digest that is none", {**given, "sha256": "abc"}, "does not match"),
    ):
        try:
            components.interpolate(text, inputs)
            check(f"gitlab: {name}", False, "it was taken")
        except JobFailed as failure:
            check(f"gitlab: {name}", wanted in str(failure), failure)
    before = place.index.get("/simple/demo/")
    for name, inputs, wanted in (
        ("an archive with another digest is not unpacked", {"sha256": "f" * 64}, "checksum did NOT match"),
        ("inputs are values, and never commands", {"index": f"$(touch {place.scratch}/injected)`touch {place.scratch}/injected`"}, ""),
    ):
        pipeline["include"][0]["inputs"] = {**given, **inputs}
        (place.repository / ".gitlab-ci.yml").write_text(yaml.safe_dump(pipeline))
        place.log = ""
        log = _log_of_failure(components, place, ".gitlab-ci.yml")
        unchanged = place.index.get("/simple/demo/") == before and not (place.scratch / "injected").exists()
        check(f"gitlab: {name}", log is not None and unchanged and wanted in log, log or f"it ran\n{place.log}")


def _log_of_failure(runner, place, path):
    try:
        runner.run(place, path)
        return None
    except JobFailed as failure:
        return str(failure)
