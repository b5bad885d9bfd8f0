"""Installs from private projects: the credentials where each client keeps them, with a token that reads alone. What a reader
may not see is to each client what does not exist."""

import json
import os
import stat

import lib
from installers import BIN, PDM, POETRY, installed, pdms_project, poetrys_project
from lib import Server, admin, check
from programs import client
from uploaders import Target, programs_of

USER = "__token__"


def private(scratch):
    scratch.mkdir()
    world = World(scratch)
    for anonymous_read in ("true", "false"):
        options = ["--anonymous-read", anonymous_read]
        with Server(world.data, options=options) as server:
            world.upload(server)
            for name, install in INSTALLS.items():
                if name.endswith("keyring") and name.startswith("pip") and anonymous_read == "true":
                    # pip asks its keyring after a challenge alone, and an index that anybody reads gives none.
                    continue
                world.installs(server, f"{name}, anonymous_read = {anonymous_read}", install)
            world.refusals(server, anonymous_read)


class World:
    """One private project that `ci` reads, one that they do not, and a public one that depends on the first."""

    def __init__(self, scratch):
        self.scratch, self.data = scratch, scratch / "data"
        self.token = lib.new_index(self.data)
        for project in ("secret-sample", "hidden-sample"):
            admin(self.data, "project", "create", project, "--owner", "alice", "--visibility", "private")
        admin(self.data, "user", "add", "ci")
        self.reads = admin(self.data, "token", "create", "--user", "ci", "--read", "--project", "secret-sample", "--expires", "1h")
        admin(self.data, "user", "add", "mallory")
        self.strangers = admin(self.data, "token", "create", "--user", "mallory", "--read")
        self.number = 0

    def upload(self, server):
        for project in ("secret-sample", "hidden-sample"):
            reply = lib.upload(server.url, self.token, *lib.wheel(project, "1.0"))
            check(f"private: {project} is uploaded", reply.status == 200, reply)

    def folder(self):
        self.number += 1
        folder = self.scratch / str(self.number)
        folder.mkdir()
        return folder

    def installs(self, server, name, install):
        folder = self.folder()
        code, output = install(folder, server.url, "secret-sample", self.reads)
        check(f"private: {name}: installs", code == 0 and installed(folder).get("secret-sample") == "1.0", output)
        check(f"private: {name}: shows no token", self.reads not in output, output)

    def refusals(self, server, anonymous_read):
        """The same words for a project that a token does not reach as for one that is not there."""
        for name, install in INSTALLS.items():
            if name not in ("pip by URL", "uv by URL", "Poetry by its settings", "PDM by its settings"):
                continue
            said = []
            for project in ("hidden-sample", "absent-sample"):
                folder = self.folder()
                code, output = install(folder, server.url, project, self.reads)
                check(f"private: {name}, anonymous_read = {anonymous_read}: {project} is not found", code != 0 and project not in installed(folder), output)
                said.append(normal(output.replace(project, "PROJECT"), folder))
            check(f"private: {name}, anonymous_read = {anonymous_read}: a hidden project is told as an unknown one", said[0] == said[1], said)
        for name in ("pip by URL", "uv by URL"):
            folder = self.folder()
            code, output = INSTALLS[name](folder, server.url, "secret-sample", self.strangers)
            check(f"private: {name}, anonymous_read = {anonymous_read}: a stranger's token installs nothing", code != 0, output)


def normal(output, folder):
    """Without what differs each time: where it ran, and in which log it says more."""
    return [line for line in output.replace(str(folder), "FOLDER").splitlines() if line.strip() and ".log for detailed" not in line]


def with_credentials(url, token):
    return url.replace("://", f"://{USER}:{token}@", 1)


def netrc(folder, url, token):
    """In the home of whoever runs the client."""
    path = folder / ".netrc"
    path.write_text(f"machine {url.split('//')[1].split(':')[0]} login {USER} password {token}\n")
    path.chmod(0o600)


def keyring(folder, token):
    """A program `keyring` that knows one secret, as keyrings have a program; first on the path."""
    programs = folder / "programs"
    programs.mkdir()
    program = programs / "keyring"
    answer = json.dumps({"username": USER, "password": token})
    # pip asks `get`, uv too; newer ones ask for both with `--mode=creds --output=json`.
    program.write_text(f"""#!/bin/sh
case "$*" in
  *--mode*creds*--output*json* | *--output*json*--mode*creds*) printf '%s\\n' '{answer}' ;;
  *--mode*creds*) printf '%s\\n%s\\n' '{USER}' '{token}' ;;
  *get*) printf '%s\\n' '{token}' ;;
esac
""")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{programs}:{os.environ['PATH']}"


# ---------------------------------------------------------------- pip

def pip(folder, index, project, *words, **settings):
    words = ["-m", "pip", "install", "--index-url", f"{index}/simple/", "--target", folder / "installed", *words, project]
    return client(folder, BIN / "python", *words, **settings)


def pip_by_url(folder, url, project, token):
    return pip(folder, with_credentials(url, token), project)


def pip_by_netrc(folder, url, project, token):
    netrc(folder, url, token)
    return pip(folder, url, project)


def pip_by_keyring(folder, url, project, token):
    index = url.replace("://", f"://{USER}@", 1)
    return pip(folder, index, project, "--keyring-provider", "subprocess", PATH=keyring(folder, token))


# ---------------------------------------------------------------- uv

def uv(folder, index, project, *words, **settings):
    words = ["pip", "install", "--index-url", f"{index}/simple/", "--python", BIN / "python", "--target", folder / "installed", *words]
    return client(folder, BIN / "uv", *words, project, **settings)


def uv_by_url(folder, url, project, token):
    return uv(folder, with_credentials(url, token), project)


def uv_by_netrc(folder, url, project, token):
    netrc(folder, url, token)
    return uv(folder, url, project)


def uv_by_keyring(folder, url, project, token):
    index = url.replace("://", f"://{USER}@", 1)
    return uv(folder, index, project, "--keyring-provider", "subprocess", PATH=keyring(folder, token))


def uv_by_environment(folder, url, project, token):
    words = ["pip", "install", "--default-index", f"ours={url}/simple/", "--python", BIN / "python", "--target", folder / "installed"]
    return client(folder, BIN / "uv", *words, project, UV_INDEX_OURS_USERNAME=USER, UV_INDEX_OURS_PASSWORD=token)


def uv_by_its_store(folder, url, project, token):
    store = {"UV_CREDENTIALS_DIR": folder / "credentials"}
    code, output = client(folder, BIN / "uv", "auth", "login", url, "--username", USER, "--password", token, **store)
    if code:
        return code, output
    return uv(folder, url, project, **store)


# ---------------------------------------------------------------- Poetry, PDM

def poetry(folder, url, project, token):
    poetrys_project(folder, Target(url), project)
    settings = {**POETRY, "POETRY_VIRTUALENVS_CREATE": "true", "POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    authority = {"POETRY_HTTP_BASIC_OURS_USERNAME": USER, "POETRY_HTTP_BASIC_OURS_PASSWORD": token}
    return client(folder, programs_of("poetry") / "poetry", "install", within=folder, **settings, **authority)


def pdm(folder, url, project, token):
    pdms_project(folder, Target(url), project)
    settings = {"PDM_PYPI_USERNAME": USER, "PDM_PYPI_PASSWORD": token}
    return client(folder, programs_of("pdm") / "pdm", "install", within=folder, **PDM, **settings)


def pdm_by_variables(folder, url, project, token):
    """The project's file names variables, the token is in none of its lines."""
    pdms_project(folder, Target(url.replace("://", "://${OURS_USER}:${OURS_TOKEN}@", 1)), project)
    return client(folder, programs_of("pdm") / "pdm", "install", within=folder, **PDM, OURS_USER=USER, OURS_TOKEN=token)


INSTALLS = {
    "pip by URL": pip_by_url,
    "pip by .netrc": pip_by_netrc,
    "pip by keyring": pip_by_keyring,
    "uv by URL": uv_by_url,
    "uv by .netrc": uv_by_netrc,
    "uv by keyring": uv_by_keyring,
    "uv by its environment": uv_by_environment,
    "uv by its store": uv_by_its_store,
    "Poetry by its settings": poetry,
    "PDM by its settings": pdm,
    "PDM by variables": pdm_by_variables,
}
