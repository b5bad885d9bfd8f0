"""A fake of PyPI's server: its upload host and its main host on loopback over TLS, in the shapes of its own code.

What is here answers as that does: paths, statuses, reason phrases, bodies, and which check comes first. What it is sent it checks
with the libraries that PyPI checks with (`packaging`, `pypi-attestations`, PyJWT). It knows one audience, GitHub's publishers
and API tokens; accounts, limits, the archive's checks and the web pages are left out. Its addresses are of `.example`.
"""

import base64
import hashlib
import html
import http.server
import json
import re
import secrets
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from unittest import mock

import jwt
import packaging.metadata
import packaging.utils
import packaging.version
import pypi_attestations
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

HELP = "https://index.example/help/#"
SPEC = "https://packaging.python.org/specifications/core-metadata"
GITHUB = "https://token.actions.githubusercontent.com"
PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
PREDICATES = (PUBLISH, "https://slsa.dev/provenance/v1")
SIMPLE = ["text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+json"]
SENTENCES = {
    400: ("Bad Request", "The server could not comply with the request since it is either malformed or otherwise incorrect."),
    403: ("Forbidden", "Access was denied to this resource."),
    405: ("Method Not Allowed", "The method is not allowed for this resource."),
    410: ("Gone", "This resource is no longer available.  No forwarding address is given."),
    429: ("Too Many Requests", "The client has sent too many requests in a given amount of time."),
}
NOT_FOUND_PAGE = "<!DOCTYPE html><html lang=\"en\"><head><title>Page Not Found (404)</title></head><body><h1>We looked everywhere but couldn't find this page</h1></body></html>"
# Form name → what `packaging.metadata` calls it, where the two differ.
PLURALS = {"platform": "platforms", "supported_platform": "supported_platforms", "license_file": "license_files",
           "import_name": "import_names", "import_namespace": "import_namespaces"}
LISTS = {"classifiers", "platforms", "supported_platforms", "requires", "provides", "obsoletes", "requires_dist", "provides_dist", "obsoletes_dist",
         "requires_external", "provides_extra", "dynamic", "license_files", "import_names", "import_namespaces"}


class Refused(Exception):
    """An answer that is no success: status, message, headers."""

    def __init__(self, status, message, **headers):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, {name.replace("_", "-"): value for name, value in headers.items()}


class MintRefused(Exception):
    """Why there is no token: PyPI's code, and its words."""


@dataclass
class Identity:
    """Who uploads: a user by an API token, or a publisher by a minted one."""

    project: str
    publisher: dict | None = None


@dataclass
class File:
    filename: str
    content: bytes
    version: str
    fields: dict
    provenance: dict | None


@dataclass
class Sent:
    """A request that arrived, and how it was answered."""

    method: str
    path: str
    headers: dict
    fields: dict = field(default_factory=dict)
    status: int = 0


class Pypi:
    """Both hosts, with what they keep."""

    def __init__(self, certificate, key, key_set, trusted_root):
        self.key_set, self.certificate, self.key = key_set, certificate, key
        self.verifier = Verifier(trusted_root=TrustedRoot.from_file(str(trusted_root)))
        self.publishers = {}  # (repository, workflow) → project
        self.tokens, self.used, self.files, self.sent = {}, set(), {}, []
        # What becomes of the next uploads: a function of the handler and of how to do it properly.
        self.weather = []
        self.lock = threading.Lock()
        self.upload_url, self.main_url = self._listen(UploadHost), self._listen(MainHost)

    def _listen(self, kind):
        handler = type(kind.__name__, (kind,), {"pypi": self})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"https://127.0.0.1:{server.server_address[1]}"

    def api_token(self, project):
        token = f"pypi-{secrets.token_urlsafe(32)}"
        self.tokens[token] = Identity(project)
        return token

    def uploads(self):
        return [sent for sent in self.sent if sent.method == "POST" and sent.path.startswith("/legacy")]

    # ------------------------------------------------------------ a token for a token

    def mint(self, body):
        try:
            token = json.loads(body)["token"]
            issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
        except (ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            raise MintRefused("invalid-payload", "malformed JWT") from error
        if issuer != GITHUB:
            raise MintRefused("invalid-payload", "unknown trusted publishing issuer")
        keys = jwt.PyJWKSet.from_json(self.key_set.read_text())
        try:
            key = keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(token, key.key, algorithms=["RS256"], issuer=GITHUB, audience="pypi", leeway=30,
                                options={"require": ["iss", "iat", "exp", "aud"], "strict_aud": True})
        except (KeyError, jwt.PyJWTError) as error:
            raise MintRefused("invalid-token", "malformed or invalid token") from error
        repository, workflow = claims["repository"], re.search(r"([^/]+[.](?:yml|yaml))(?=@)", claims["job_workflow_ref"])[1]
        project = self.publishers.get((repository, workflow))
        with self.lock:
            if claims["jti"] in self.used:
                raise MintRefused("invalid-reuse-token", "invalid token: already used")
            if project is None:
                raise MintRefused("invalid-publisher", "valid token, but no corresponding publisher (Publisher with matching claims was not found)")
            self.used.add(claims["jti"])
        minted = f"pypi-{secrets.token_urlsafe(64)}"
        self.tokens[minted] = Identity(project, {"kind": "GitHub", "repository": repository, "workflow": workflow, "environment": None})
        return {"expires": int(time.time()) + 900, "success": True, "token": minted}

    # ------------------------------------------------------------ an upload, in PyPI's order of checks

    def upload(self, authorization, parts):
        identity = self.who(authorization)
        fields = self.form(parts)
        metadata = self.metadata(fields)
        if "content" not in parts or parts["content"][0][0] is None:
            raise Refused(400, "Upload payload does not have a file.")
        filename, content = parts["content"][0]
        if packaging.utils.canonicalize_name(metadata.name) != identity.project:
            raise Refused(403, f"The given token isn't allowed to upload to project '{metadata.name}'. See {HELP}project-name for more information.")
        self.filename(filename, metadata, fields["filetype"])
        blake2 = hashlib.blake2b(content, digest_size=32).hexdigest()
        given = {"sha256_digest": hashlib.sha256(content).hexdigest(), "blake2_256_digest": blake2, "md5_digest": hashlib.md5(content).hexdigest()}
        if any(fields[name].lower() != digest for name, digest in given.items() if name in fields):
            raise Refused(400, "The digest supplied does not match a digest calculated from the uploaded file.")
        with self.lock:
            there = self.files.get(filename)
        if there is not None and there.content == content:
            return  # attestations sent along are dropped
        if there is not None:
            raise Refused(400, f"File already exists ('{filename}', with blake2_256 hash '{blake2}'). See {HELP}file-name-reuse for more information.")
        provenance = self.attestations(identity, filename, content, fields.get("attestations"))
        with self.lock:
            self.files[filename] = File(filename, content, str(metadata.version), fields, provenance)

    def who(self, authorization):
        scheme, _, given = authorization.partition(" ")
        try:
            name, _, token = base64.b64decode(given).decode().partition(":")
        except ValueError:
            name, token = "", ""
        if scheme.lower() == "basic" and name != "__token__":
            raise Refused(403, "Username/Password authentication is no longer supported. Migrate to API Tokens or Trusted Publishers instead. "
                               f"See {HELP}apitoken and {HELP}trusted-publishers")
        if token not in self.tokens:
            raise Refused(403, f"Invalid or non-existent authentication information. See {HELP}invalid-auth for more information.")
        return self.tokens[token]

    @staticmethod
    def form(parts):
        """The fields of the form that are text; PyPI takes no file but the one."""
        for name, values in parts.items():
            if name not in ("content", "gpg_signature") and any(filename is not None for filename, _ in values):
                raise Refused(400, f"{name}: Should not be a tuple.")
        fields = {}
        for name, values in parts.items():
            texts = [text.decode() for filename, text in values if filename is None]
            # A value that says nothing counts as absent.
            if texts and texts != [""] and texts[0].strip() != "UNKNOWN":
                fields[name] = texts if PLURALS.get(name, name) in LISTS or name == "project_urls" else texts[-1]
        if fields.get("protocol_version", "1") != "1":
            raise Refused(400, "Unknown protocol version.")
        if fields.get("filetype") not in ("sdist", "bdist_wheel"):
            raise Refused(400, "Invalid value for filetype. Error: Use a known file type.")
        for name in ("sha256_digest", "blake2_256_digest"):
            if name in fields and not re.fullmatch(r"[A-Fa-f0-9]{64}", fields[name]):
                raise Refused(400, f"Invalid value for {name}. Error: Use a valid, hex-encoded, digest.")
        if fields["filetype"] == "bdist_wheel" and not fields.get("pyversion"):
            raise Refused(400, "Error: Python version is required for binary distribution uploads.")
        if fields["filetype"] == "sdist" and fields.get("pyversion", "source") != "source":
            raise Refused(400, "Error: Use 'source' as Python version for an sdist.")
        if not {"sha256_digest", "blake2_256_digest", "md5_digest"} & fields.keys():
            raise Refused(400, "Error: Include at least one message digest.")
        return fields

    @staticmethod
    def metadata(fields):
        """The metadata that the form tells, by the library that PyPI reads it with."""
        raw = {}
        for name, value in fields.items():
            known = PLURALS.get(name, name)
            if known == "project_urls":
                raw[known] = dict(map(str.strip, entry.split(",", 1)) for entry in value)
            elif known == "keywords":
                raw[known] = value.split(",")
            elif known in packaging.metadata.RawMetadata.__annotations__:
                raw[known] = value
        try:
            return packaging.metadata.Metadata.from_raw(raw)
        except ExceptionGroup as group:
            raise Refused(400, f"{group.exceptions[0]}. See {SPEC} for more information.") from group

    @staticmethod
    def filename(filename, metadata, filetype):
        extension = ".whl" if filetype == "bdist_wheel" else ".tar.gz"
        if not filename.endswith(extension):
            raise Refused(400, f"Invalid file extension: Extension {extension} is invalid for filetype {filetype}.")
        parse = packaging.utils.parse_wheel_filename if extension == ".whl" else packaging.utils.parse_sdist_filename
        name, version = parse(filename)[:2]
        if name != packaging.utils.canonicalize_name(metadata.name):
            raise Refused(400, f"Start filename for '{metadata.name}' with '{packaging.utils.canonicalize_name(metadata.name).replace('-', '_')}'.")
        if version != metadata.version:
            raise Refused(400, f"Version in filename should be '{metadata.version}' not '{version}'.")

    def attestations(self, identity, filename, content, text):
        if text is None:
            return None

        def refuse(why):
            raise Refused(400, f"Invalid attestations supplied during upload: {why}")

        if identity.publisher is None:
            refuse("Attestations are only supported when using Trusted Publishing")
        try:
            given = json.loads(text)
            read = [pypi_attestations.Attestation.model_validate(one) for one in given]
        except ValueError as error:
            refuse(f"Malformed attestations: {' '.join(str(error).split())}")
        if not read:
            refuse("Malformed attestations: an empty attestation set is not permitted")
        if len(read) > 2:
            refuse("A maximum of 2 attestations per file are supported")
        publisher = pypi_attestations.GitHubPublisher.model_validate(identity.publisher)
        distribution = pypi_attestations.Distribution(name=filename, digest=hashlib.sha256(content).hexdigest())
        types = []
        with mock.patch("pypi_attestations._impl.Verifier.production", lambda offline=False: self.verifier):
            for one in read:
                try:
                    predicate, _ = one.verify(publisher, distribution, offline=True)
                except pypi_attestations.VerificationError as error:
                    refuse(f"Could not verify the uploaded artifact using the included attestation: {error}")
                if predicate not in PREDICATES:
                    refuse(f"Attestation with unsupported predicate type: {predicate}")
                if predicate in types:
                    refuse(f"Multiple attestations for the same file with the same predicate type ({predicate}) are not supported")
                types.append(predicate)
        return {"attestation_bundles": [{"attestations": given, "publisher": identity.publisher}], "version": 1}


# ---------------------------------------------------------------- HTTP

def parts_of(content_type, body):
    """Field → its (filename or None, bytes), of a multipart form; bytes as they are."""
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if boundary is None:
        raise Refused(400, "Invalid Form Data.")
    parts = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        disposition = next(line for line in head.decode().split("\r\n") if line.lower().startswith("content-disposition:"))
        name, filename = (re.search(pattern, disposition) for pattern in (r'[; ]name="([^"]*)"', r'filename="([^"]*)"'))
        parts.setdefault(name[1], []).append((filename and filename[1], value))
    return parts


class Host(http.server.BaseHTTPRequestHandler):
    """What both hosts have in common."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gunicorn", ""
    # A client that goes away must not hold a thread for good.
    timeout = 60
    pypi: Pypi

    def log_message(self, *_):
        pass

    def begin(self):
        """The request is kept; its body is read whatever becomes of it."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            self.body = self.chunks()
        self.url = urllib.parse.urlsplit(self.path)
        self.asked = Sent(self.command, self.path, dict(self.headers.items()))
        self.pypi.sent.append(self.asked)

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def say(self, status, content_type, body, reason=None, **headers):
        body = body.encode()
        self.asked.status = status
        # One line of Latin-1, as HTTP/1.1 has it.
        self.send_response(status, reason and reason.encode("latin-1", "replace").decode("latin-1"))
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def say_json(self, value, status=200, content_type="application/json", **headers):
        self.say(status, content_type, json.dumps(value, sort_keys=True, separators=(",", ":")), **headers)

    def not_found(self):
        self.say(404, "text/html; charset=UTF-8", NOT_FOUND_PAGE)

    def refuse(self, refused):
        """The message is the reason phrase, and in a body of the kind that was asked for."""
        title, sentence = SENTENCES[refused.status]
        code, text = f"{refused.status} {refused.message}", f"{sentence}\n\n\n{refused.message}\n\n"
        accepted = self.headers.get("Accept", "")
        if accepted.startswith("application/json"):
            body, kind = json.dumps({"message": text, "code": code, "title": title}), "application/json"
        elif "html" in accepted or "*/*" in accepted:
            body, kind = f"<html>\n <head>\n  <title>{html.escape(code)}</title>\n </head>\n <body>\n  <h1>{html.escape(code)}</h1>\n  {html.escape(text)}</body>\n</html>", "text/html; charset=UTF-8"
        else:
            body, kind = f"{code}\n\n{text}", "text/plain; charset=UTF-8"
        self.say(refused.status, kind, body, refused.message, **refused.headers)


class UploadHost(Host):
    """Uploads, and tokens for them."""

    def do_GET(self):
        self.begin()
        query = urllib.parse.parse_qs(self.url.query)
        if self.url.path == "/_/oidc/audience":
            self.say_json({"audience": "pypi"})
        elif self.url.path == "/legacy/" and query.get(":action") == ["file_upload"]:
            self.refuse(Refused(405, "Method Not Allowed", Allow="POST"))
        elif self.url.path == "/legacy/":
            self.say(200, "text/html; charset=UTF-8", "<!DOCTYPE html><title>Upload API</title>")
        else:
            self.not_found()

    def do_POST(self):
        self.begin()
        if self.url.path == "/_/oidc/mint-token":
            self.mint()
        elif self.url.path == "/legacy":
            reason = "An upload was attempted to /legacy but the expected upload URL is /legacy/ (with a trailing slash)"
            self.say(308, "text/plain; charset=UTF-8", reason, reason, Location="/legacy/")
        elif self.url.path == "/legacy/":
            weather = self.pypi.weather.pop(0) if self.pypi.weather else None
            weather(self) if weather else self.upload()
        else:
            self.not_found()

    def mint(self):
        try:
            self.say_json(self.pypi.mint(self.body))
        except MintRefused as refused:
            code, description = refused.args
            self.say_json({"errors": [{"code": code, "description": description}], "message": "Token request failed"}, 422)

    def upload(self):
        try:
            self.store()
        except Refused as refused:
            self.refuse(refused)
        else:
            self.say(200, "text/plain; charset=UTF-8", "200 OK\n\n\n\n\n")

    def store(self):
        parts = parts_of(self.headers.get("Content-Type", ""), self.body)
        self.asked.fields = {name: [value for _, value in values] for name, values in parts.items() if name != "content"}
        if [value for _, value in parts.get(":action", [])] != [b"file_upload"]:
            raise Refused(405, "Method Not Allowed", Allow="POST")
        self.pypi.upload(self.headers.get("Authorization", ""), parts)


class MainHost(Host):
    """What installers read."""

    def do_GET(self):
        self.begin()
        words = urllib.parse.unquote(self.url.path).strip("/").split("/")
        if words[0] == "simple" and len(words) == 2:
            self.simple(words[1])
        elif words[0] == "packages" and len(words) == 2 and words[1] in self.pypi.files:
            content = self.pypi.files[words[1]].content
            self.asked.status = 200
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        elif words[0] == "integrity" and len(words) == 5 and words[4] == "provenance":
            self.integrity(words[3])
        else:
            self.not_found()

    def do_POST(self):
        self.begin()
        if self.url.path == "/pypi":
            self.refuse(Refused(410, f"This API has moved to {self.pypi.upload_url}/legacy/. See {HELP} for more information."))
        elif self.url.path.startswith("/simple/"):
            self.refuse(Refused(405, "Method Not Allowed", Allow="GET, HEAD, OPTIONS"))
        else:
            self.not_found()

    def simple(self, given):
        name = packaging.utils.canonicalize_name(given)
        if given != name or not self.url.path.endswith("/"):
            return self.say(301, "text/plain; charset=UTF-8", "", Location=f"/simple/{name}/")
        files = [file for _, file in sorted(self.pypi.files.items()) if packaging.utils.canonicalize_name(file.fields["name"]) == name]
        if not files:
            return self.say(404, "text/plain; charset=UTF-8", "404 Not Found")
        headers = {"Vary": "Accept", "Cache-Control": "max-age=600, public", "X-PyPI-Last-Serial": "1"}
        if best(self.headers.get("Accept", "*/*")) == SIMPLE[2]:
            return self.say_json(self.detail(name, files), content_type=SIMPLE[2], **headers)
        links = "".join(f'<a href="{self.pypi.main_url}/packages/{file.filename}#sha256={hashlib.sha256(file.content).hexdigest()}">{file.filename}</a><br />\n' for file in files)
        self.say(200, "text/html; charset=UTF-8", f"<!DOCTYPE html>\n<html lang=\"en\">\n  <body>\n{links}</body>\n</html>\n", **headers)

    def detail(self, name, files):
        def entry(file):
            integrity = f"{self.pypi.main_url}/integrity/{name}/{file.version}/{file.filename}/provenance"
            return {"core-metadata": False, "data-dist-info-metadata": False, "filename": file.filename, "hashes": {"sha256": hashlib.sha256(file.content).hexdigest()},
                    "provenance": integrity if file.provenance else None, "requires-python": file.fields.get("requires_python"), "size": len(file.content),
                    "upload-time": "2026-11-29T20:00:00.000001Z", "url": f"{self.pypi.main_url}/packages/{file.filename}", "yanked": False}
        versions = sorted({file.version for file in files}, key=packaging.version.Version)
        return {"files": [entry(file) for file in files], "meta": {"_last-serial": 1, "api-version": "1.4"}, "name": name,
                "project-status": {"status": "active"}, "versions": versions}

    def integrity(self, filename):
        file = self.pypi.files.get(filename)
        if file is None:
            self.not_found()
        elif file.provenance is None:
            self.say_json({"message": f"No provenance available for {filename}"}, 404)
        else:
            self.say_json(file.provenance, content_type="application/vnd.pypi.integrity.v1+json", Vary="Accept", **{"Cache-Control": "max-age=600, public"})


def best(accept):
    """The offer of the highest q, ties by the server's own order; PyPI never answers 406 here."""
    weights = {}
    for part in accept.split(","):
        media, *parameters = [word.strip() for word in part.lower().split(";")]
        quality = next((float(word[2:]) for word in parameters if word.startswith("q=")), 1.0)
        weights[media] = quality
    def weight(offer):
        return weights.get(offer, weights.get(offer.split("/")[0] + "/*", weights.get("*/*", 0)))
    chosen = max(SIMPLE, key=weight)
    return chosen if weight(chosen) else SIMPLE[0]
