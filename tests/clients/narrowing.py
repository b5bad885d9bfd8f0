"""Tokens narrowed with Biscuit's own library, which knows nothing of us."""

import base64
import subprocess

import biscuit_auth

import lib
from lib import Server, admin, check
from programs import shows, twine, uv_publish


def narrowing(scratch):
    """Tokens narrowed with Biscuit's own library, which knows nothing of us, and used by uv and twine."""
    scratch.mkdir()
    data = scratch / "data"
    token = lib.new_index(data)
    for project in ("narrowed-sample", "another-sample"):
        admin(data, "project", "create", project, "--owner", "alice")
    prefix, secret = f"tp-2-{token[5:21]}-", token[22:]
    private = biscuit_auth.PrivateKey.from_bytes(base64.urlsafe_b64decode(secret + "="), biscuit_auth.Algorithm.Ed25519)
    public = biscuit_auth.KeyPair.from_private_key(private).public_key

    def first(datalog):
        return prefix + biscuit_auth.BiscuitBuilder(datalog).build(private).to_base64()

    def further(narrowed, datalog):
        biscuit = biscuit_auth.Biscuit.from_base64(narrowed.removeprefix(prefix), public)
        return prefix + biscuit.append(biscuit_auth.BlockBuilder(datalog)).to_base64()

    def by_us(narrowed, *words):
        done = subprocess.run([lib.binary(), "token", "narrow", *words], input=narrowed, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    with Server(data) as server:
        def files(project, version):
            folder = scratch / f"{project}-{version}"
            folder.mkdir(exist_ok=True)
            filename, content = lib.wheel(project, version)
            (folder / filename).write_bytes(content)
            return [folder / filename]

        def taken(name, publish, with_token, version):
            code, output = publish(scratch, server, with_token, files("narrowed-sample", version))
            check(f"narrowing by biscuit-python: {name}", code == 0, output)

        def refused(name, publish, with_token, project, *texts):
            code, output = publish(scratch, server, with_token, files(project, "9.0"))
            check(f"narrowing by biscuit-python: {name}", code != 0 and shows(output, "403", *texts), f"exit {code}, wanted {texts} in: {output}")
            check(f"narrowing by biscuit-python: {name}, so nothing is listed",
                  not any("-9.0-" in filename for filename in lib.listing(server.url, project) or {}))

        check_of_project = 'check if project("narrowed-sample")'
        ours = by_us(token, "--network", "127.0.0.0/8", "--expires", "1h")
        for tool, publish, version in (("twine", twine, "1.0"), ("uv", uv_publish, "2.0")):
            of_project = first(check_of_project)
            taken(f"a first block, used by {tool}", publish, of_project, version)
            refused(f"another project, by {tool}", publish, of_project, "another-sample", check_of_project)
            further_on = further(ours, check_of_project)
            taken(f"a block behind one of ours, used by {tool}", publish, further_on, version + ".1")
            refused(f"another project behind one of ours, by {tool}", publish, further_on, "another-sample", check_of_project)
        taken("one of ours behind its block", uv_publish, by_us(first(check_of_project), "--expires", "1h"), "3.0")
        ended = further(ours, "check if time($t), $t < 2020-01-01T00:00:00Z")
        refused("an end that has passed", uv_publish, ended, "narrowed-sample", "2020-01-01T00:00:00Z")
        wider = further(first(check_of_project), 'project("another-sample"); check if project("another-sample")')
        refused("a fact that would widen", uv_publish, wider, "another-sample", "a fact or a rule")
        pattern = first('check if project($p), $p.matches("(a*)*b")')
        refused("a pattern", uv_publish, pattern, "narrowed-sample", ".matches()")
        other = biscuit_auth.BiscuitBuilder("check if true").build(biscuit_auth.KeyPair().private_key)
        refused("another root key", uv_publish, prefix + other.to_base64(), "narrowed-sample", "unknown")
