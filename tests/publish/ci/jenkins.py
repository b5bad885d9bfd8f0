"""Jenkins: a declarative pipeline. A runner of our own, which reads no Groovy but the steps that the page uses, line by line."""

import re
import shutil

from .place import TAG, Unknown, copy_matching

FILES = ("Jenkinsfile",)
ISSUER = "https://jenkins.example.org/oidc"
JOB = "https://jenkins.example.org/job/demo/job/release/"
WHO = (ISSUER, f"{ISSUER}/{JOB}")
# Credentials of the plugin `oidc-provider`, as the page says that they are made.
AUDIENCES = {"demo-sigstore": "sigstore", "demo-packages": "packages.example.org"}
# Of structure alone: they run nothing.
STRUCTURE = re.compile(r"pipeline \{|agent any|stages \{|stage\('(\w+)'\) \{|steps \{|when \{ buildingTag\(\) \}|withCredentials\(\[|\]\) \{|\}|")
ONE_LINE = re.compile(r"sh '([^']*)'")
STASH = re.compile(r"stash name: '(\w+)', includes: '([^']+)'")
UNSTASH = re.compile(r"unstash '(\w+)'")
CREDENTIALS = re.compile(r"file\(credentialsId: '([\w-]+)', variable: '(\w+)'\),?")


def run(place, path):
    """The pipeline, as for a tag."""
    folder = place.checkout("jenkins")
    # `sh` runs what it is given by `sh -xe`, with the build's variables.
    variables = {"BUILD_NUMBER": "7", "JOB_URL": JOB, "TAG_NAME": TAG, "JENKINS_URL": "https://jenkins.example.org/", "WORKSPACE": folder}
    kept = place.scratch / "stashes"
    shutil.rmtree(kept, ignore_errors=True)
    lines = iter((place.repository / path).read_text().splitlines()[1:])
    for line in map(str.strip, lines):
        if line == "sh '''":
            sh(place, block(lines), folder, variables)
        elif found := ONE_LINE.fullmatch(line):
            sh(place, found[1], folder, variables)
        elif found := STASH.fullmatch(line):
            (kept / found[1]).mkdir(parents=True)
            copy_matching(found[2], folder, kept / found[1])
            folder = place.checkout("jenkins-next")
        elif found := UNSTASH.fullmatch(line):
            shutil.copytree(kept / found[1], folder, dirs_exist_ok=True)
        elif found := CREDENTIALS.fullmatch(line):
            token = folder.parent / found[1]
            token.write_text(place.token(ISSUER, AUDIENCES[found[1]], JOB, {"build_number": 7}))
            variables[found[2]] = token
        elif not STRUCTURE.fullmatch(line):
            raise Unknown(f"the line {line}")


def block(lines):
    """The lines of a text between three apostrophes, in which a backslash at a line's end is Groovy's."""
    found = []
    for line in lines:
        if line.strip() == "'''":
            return "\n".join(found)
        found.append(line)
    raise Unknown("a text without end")


def sh(place, script, folder, variables):
    place.shell(script, folder, place.environment(**variables), ("/bin/sh", "-xe", "-c"))
