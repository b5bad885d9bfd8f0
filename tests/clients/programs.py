"""The clients, each as its user runs it, without any setting of ours or of this machine."""

import hashlib
import subprocess

import lib
from lib import check

BIN = lib.ROOT / ".venv" / "bin"


def client(scratch, *words, within=None, **settings):
    """Runs a client without any setting of ours or of this machine; (exit status, all that its user sees)."""
    none_of_this_machine = {
        "TERM": "dumb", "HOME": scratch, "UV_NO_CONFIG": 1, "UV_CACHE_DIR": scratch / "uv-cache", "UV_PYTHON_DOWNLOADS": "never",
        "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INPUT": 1, "PIP_NO_CACHE_DIR": 1, "PIP_DISABLE_PIP_VERSION_CHECK": 1,
    }
    env = lib.environment(**{**none_of_this_machine, **settings})
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env=env, cwd=within, timeout=300)
    return done.returncode, done.stdout


def shows(output, *texts):
    """Whether the user sees these texts, wherever the client breaks its lines."""
    return all(text in " ".join(output.split()) for text in texts)


def twine(scratch, server, token, files, attestations=False):
    words = [BIN / "twine", "upload", "--non-interactive", "--disable-progress-bar", "--repository-url", f"{server.url}/legacy/"]
    words += ["--attestations"] if attestations else []
    return client(scratch, *words, *files, TWINE_USERNAME="__token__", TWINE_PASSWORD=token)


def uv_publish(scratch, server, token, files):
    words = [BIN / "uv", "publish", "--trusted-publishing", "never", "--publish-url", f"{server.url}/legacy/"]
    return client(scratch, *words, *files, UV_PUBLISH_TOKEN=token)


def installs(scratch, name, server, project, version, filename, content):
    """pip download, pip install and uv pip install fetch exactly these bytes, named by their hash."""
    kind = ["--only-binary", ":all:"] if filename.endswith(".whl") else ["--no-binary", ":all:", "--no-build-isolation"]
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{project}=={version} --hash=sha256:{hashlib.sha256(content).hexdigest()}\n")
    index = ["--index-url", f"{server.url}/simple/", "--no-deps", "--require-hashes", "--requirement", requirements]
    pip = [BIN / "python", "-m", "pip"]

    code, output = client(scratch, *pip, "download", *index, *kind, "--dest", scratch / "downloaded")
    got = scratch / "downloaded" / filename
    check(f"{name}: pip download", code == 0 and got.is_file() and got.read_bytes() == content, output)
    code, output = client(scratch, *pip, "install", *index, *kind, "--target", scratch / "by-pip")
    check(f"{name}: pip install", code == 0 and is_installed(scratch / "by-pip", project, version), output)
    code, output = client(scratch, BIN / "uv", "pip", "install", *index, *kind, "--python", BIN / "python", "--target", scratch / "by-uv")
    check(f"{name}: uv pip install", code == 0 and is_installed(scratch / "by-uv", project, version), output)


def is_installed(folder, project, version):
    return (folder / f"{project.replace('-', '_')}-{version}.dist-info" / "METADATA").is_file()
