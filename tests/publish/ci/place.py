"""Where simulated jobs run: a repository at a tag, an index, a folder of programs, and an environment of nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jobs
import lib

TAG = "v1.0"
COMMIT = "c0ffee" * 6 + "abcd"
# A JWT, or a token of our index: neither has any business in a job's log.
SECRET = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]+|\btp-\d+-\w+-\w+")
# A debug build on a loaded two-core machine, and a release of two small files.
SECONDS = 300


class JobFailed(Exception):
    """A job ended otherwise than with 0; the text is its whole log."""


class Unknown(Exception):
    """A configuration uses what its runner does not know."""


class Place:
    """One page's world."""

    def __init__(self, scratch, index, archive):
        self.scratch, self.index, self.archive = scratch, index, archive
        self.repository, self.tools = scratch / "repository", scratch / "tools"
        self.log = ""
        self.tools.mkdir()
        (self.tools / "uv").symlink_to(lib.ROOT / ".venv" / "bin" / "uv")
        self._source()

    def _source(self):
        """A project that uv builds with what is in uv itself, so with no network."""
        package = self.repository / "src" / "demo"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text('"""Made for a test."""\n')
        (self.repository / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["uv_build>=0.9,<1"]\nbuild-backend = "uv_build"\n'
            '[project]\nname = "demo"\nversion = "1.0"\ndescription = "Made for a test"\nrequires-python = ">=3.9"\n')

    def here(self, text):
        """A page's text with the hosts and the digest that are examples in it replaced by those that are here."""
        text = text.replace("https://packages.example.org", self.index.server.url)
        text = text.replace("https://downloads.example.org", self.archive.url)
        return text.replace("0" * 64, self.archive.sha256)

    def checkout(self, name):
        """A fresh copy of the repository, for one job."""
        folder = self.scratch / "jobs" / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.repository, folder)
        return folder

    def program(self, name, text):
        """A fake of one of a CI's own programs, on every job's path."""
        jobs.program(self.tools, name, f"#!{sys.executable}\n# A fake.\n{text}")

    def token(self, issuer, audience, sub, claims):
        return self.index.provider.token(issuer, audience, sub, claims)

    def asking(self, issuer, sub, claims):
        """Python source of `token(audience)`, for fakes that are programs of their own."""
        provider, ca = self.index.provider.issuer, str(self.index.ca)
        return (f"import json, ssl, sys, urllib.request\n\ndef token(audience):\n"
                f"    asked = json.dumps({{'iss': {issuer!r}, 'sub': {sub!r}, 'claims': json.loads({json.dumps(claims)!r}), 'aud': audience}}).encode()\n"
                f"    context = ssl.create_default_context(cafile={ca!r})\n"
                f"    with urllib.request.urlopen({provider + '/token'!r}, asked, context=context) as answer:\n"
                f"        return json.load(answer)['value']\n")

    def environment(self, **variables):
        """What a machine gives to a job, and these variables."""
        machine = {"HOME": self.scratch / "home", "PATH": f"{self.tools}:/usr/bin:/bin", "SSL_CERT_FILE": self.index.ca}
        return {name: str(value) for name, value in {**machine, **variables}.items()}

    def shell(self, script, folder, environment, words=("/bin/bash", "-e", "-c")):
        """Runs a script; its output goes to the job's log. Raises `JobFailed`."""
        done = subprocess.run([*words, script], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
        self.log += f"$ {script}\n{done.stdout}"
        if done.returncode:
            raise JobFailed(f"exit {done.returncode}\n{self.log}")
        return done.stdout

    def secrets_in_log(self):
        """What a log shows of tokens. A line that tells GitHub what to mask is not shown."""
        lines = [line for line in self.log.splitlines() if not line.startswith("::add-mask::")]
        return SECRET.findall("\n".join(lines))


def copy_matching(pattern, source, target):
    """Copies what matches from one folder to the other, at the same paths."""
    found = [path for path in sorted(source.glob(pattern)) if path.is_file()]
    if not found:
        raise JobFailed(f"nothing in {source} matches {pattern}: {os.listdir(source)}")
    for path in found:
        to = Path(target) / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
