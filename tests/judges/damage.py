"""One changed byte in each part of a bundle that somebody signed."""

import base64
import copy
import hashlib
import json
import re


def b64(raw):
    return base64.b64encode(raw).decode()


def flipped(raw, at=-1, mask=1):
    changed = bytearray(raw)
    changed[at] ^= mask
    return bytes(changed)


def flip(holder, key, at=-1):
    """Flips the lowest bit of one octet behind base64."""
    holder[key] = b64(flipped(base64.b64decode(holder[key]), at))


def other_digit(text, at):
    """Another hexadecimal or decimal digit, so that whatever holds it is still well formed."""
    return text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1:]


def certificate(identity):
    """The certificate's parts: what the authority signed, its signature, and the certificate log's timestamp in it."""
    def name(der):
        return flipped(der, der.index(identity.encode()))

    def timestamp(der):
        # The list of RFC 6962 §3.3: an OID, then the extension's octet string.
        oid = bytes.fromhex("060a2b06010401d679020402")
        at = der.index(oid) + len(oid)
        length, head = (der[at + 1], 2) if der[at + 1] < 0x80 else (der[at + 2], 3)
        return flipped(der, at + head + length - 1)

    for what, change in (("the name", name), ("the authority's signature", flipped), ("the certificate log's timestamp", timestamp)):
        def apply(bundle, change=change):
            holder = bundle["verificationMaterial"]["certificate"]
            holder["rawBytes"] = b64(change(base64.b64decode(holder["rawBytes"])))
        yield f"certificate: {what}", apply


def content(bundle):
    """The statement, or nothing where an artifact was signed: that is changed by whoever holds it."""
    if "dsseEnvelope" in bundle:
        def payload(bundle):
            envelope = bundle["dsseEnvelope"]
            text = base64.b64decode(envelope["payload"]).decode()
            at = re.search(r"[0-9a-f]{64}", text).start()
            envelope["payload"] = b64(other_digit(text, at).encode())

        yield "statement", payload
        yield "signature", lambda bundle: flip(bundle["dsseEnvelope"]["signatures"][0], "sig")
    else:
        yield "signature", lambda bundle: flip(bundle["messageSignature"], "signature")


def entry(bundle):
    """The log's parts: body, promise, proof and checkpoint."""
    def of(bundle):
        return bundle["verificationMaterial"]["tlogEntries"][0]

    def body(bundle):
        text = base64.b64decode(of(bundle)["canonicalizedBody"]).decode()
        # The last signature in it: still base64, still JSON.
        field = re.search(r'"(?:signature|content)":"([A-Za-z0-9+/])', text)
        at = field.start(1)
        of(bundle)["canonicalizedBody"] = b64((text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]).encode())

    yield "log entry: body", body
    if of(bundle).get("inclusionPromise"):
        def plus_one(member):
            return lambda bundle: of(bundle).update({member: str(int(of(bundle)[member]) + 1)})

        yield "log entry: promise", lambda bundle: flip(of(bundle)["inclusionPromise"], "signedEntryTimestamp")
        yield "log entry: time", plus_one("integratedTime")
        yield "log entry: index", plus_one("logIndex")
    yield "proof: first hash", lambda bundle: flip(of(bundle)["inclusionProof"]["hashes"], 0, 0)

    def note(change):
        def apply(bundle):
            checkpoint = of(bundle)["inclusionProof"]["checkpoint"]
            checkpoint["envelope"] = change(checkpoint["envelope"])
        return apply

    def size(text):
        origin, number, rest = text.split("\n", 2)
        return "\n".join([origin, str(int(number) + 1), rest])

    def root(text):
        origin, number, hashed, rest = text.split("\n", 3)
        return "\n".join([origin, number, b64(flipped(base64.b64decode(hashed), 0)), rest])

    def signature(text):
        head, last = text.rstrip("\n").rsplit(" ", 1)
        return f"{head} {b64(flipped(base64.b64decode(last)))}\n"

    yield "checkpoint: size", note(size)
    yield "checkpoint: root", note(root)
    yield "checkpoint: signature", note(signature)


def timestamp(bundle):
    """The timestamp's parts, where there is one."""
    tokens = (bundle["verificationMaterial"].get("timestampVerificationData") or {}).get("rfc3161Timestamps")
    if not tokens:
        return

    def token(change):
        def apply(bundle):
            holder = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]
            holder["signedTimestamp"] = b64(change(base64.b64decode(holder["signedTimestamp"])))
        return apply

    for what, change in stamp_parts(signature_of(bundle)):
        yield f"timestamp: {what}", token(change)


def stamp_parts(stamped):
    """Changes of a timestamp response about `stamped`."""
    def time(der):
        at = re.search(rb"\x18.(\d{14})", der, re.DOTALL).start(1)
        # A second's last digit; still a time.
        return flipped(der, at + 13)

    def imprint(der):
        return flipped(der, der.index(hashlib.sha256(stamped).digest()))

    return (("time", time), ("digest", imprint), ("signature", flipped))


def signature_of(bundle):
    if "dsseEnvelope" in bundle:
        return base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
    return base64.b64decode(bundle["messageSignature"]["signature"])


def every(bundle, identity):
    """(what was changed, the bundle with that change)."""
    for parts in (certificate(identity), content(bundle), entry(bundle), timestamp(bundle)):
        for what, change in parts:
            changed = copy.deepcopy(bundle)
            change(changed)
            assert json.dumps(changed) != json.dumps(bundle), what
            yield what, changed


def attestations(attestation, identity):
    """The same of an attestation of PEP 740."""
    material = attestation["verification_material"]
    bundle = {
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]},
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {"payload": attestation["envelope"]["statement"], "signatures": [{"sig": attestation["envelope"]["signature"]}]},
    }
    for what, changed in every(bundle, identity):
        material = changed["verificationMaterial"]
        envelope = changed["dsseEnvelope"]
        yield what, {
            "version": 1,
            "verification_material": {
                "certificate": material["certificate"]["rawBytes"],
                "transparency_entries": material["tlogEntries"],
            },
            "envelope": {"statement": envelope["payload"], "signature": envelope["signatures"][0]["sig"]},
        }
