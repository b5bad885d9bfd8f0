"""Wheels whose zip archive is in order, and whose contents are not what a wheel's must be."""

from sample import Case, info, metadata, module, wheel_files
from zips import Member, pack


def wheel(**options):
    return lambda version: pack([Member(path, content) for path, content in wheel_files(version, **options).items()])


def beside(make, **options):
    """With one more file in the `.dist-info` directory, or where `make` says."""
    def build(version):
        more = make(version)
        return pack([Member(path, content) for path, content in wheel_files(version, more=more, **options).items()])
    return build


def in_info(name, content):
    return beside(lambda version: {f"{info(version)}/{name}": content})


def row(old, new):
    """RECORD with something else in it."""
    return lambda record: record.replace(old, new)


WRONG = b"sha256=" + b"A" * 43
CASES = [
    Case("another digest in RECORD", "wheel", wheel(RECORD=lambda r: b"nasty.py," + WRONG + r[r.index(b","):][r[r.index(b",") + 1:].index(b",") + 1:]), "RECORD states the digest"),
    Case("two digests of one file in RECORD", "wheel", wheel(RECORD=lambda r: r + b"nasty.py," + WRONG + b",13\n"), "RECORD states the digest"),
    Case("a digest in RECORD that is cut off", "wheel", wheel(RECORD=lambda r: b"nasty.py,sha256=AAAA,13\n" + r), "RECORD states the digest"),
    Case("a file that RECORD does not list", "wheel", wheel(RECORD=lambda r: r.split(b"\n", 1)[1]), None),
    Case("a row of RECORD without a file", "wheel", wheel(RECORD=lambda r: r + b"nothing.py,,\n"), None),
    Case("a row of RECORD without a digest", "wheel", wheel(RECORD=lambda r: b"nasty.py,,\n" + r.split(b"\n", 1)[1]), None),
    Case("MD5 in RECORD", "wheel", wheel(RECORD=lambda r: b"nasty.py,md5=AAAA,13\n" + r.split(b"\n", 1)[1]), None),
    Case("a row of RECORD that leads upwards", "wheel", wheel(RECORD=lambda r: r + b"../../../evil.py,,\n"), "RECORD lists '../../../evil.py'"),
    Case("a row of RECORD that begins at a root", "wheel", wheel(RECORD=lambda r: r + b"/etc/passwd,,\n"), "RECORD lists '/etc/passwd'"),
    Case("no RECORD", "wheel", wheel(without=("RECORD",)), "does not contain the required RECORD file"),
    Case("a RECORD that is no text", "wheel", wheel(RECORD=b"\xff,,\n"), "does not contain the required RECORD file"),
    Case("no WHEEL", "wheel", wheel(without=("WHEEL",)), "WHEEL not found at nasty-"),
    Case("no METADATA", "wheel", wheel(without=("METADATA",)), "does not contain the required METADATA file"),
    Case("METADATA of another project", "wheel", lambda v: wheel(METADATA=metadata(v, "other"))(v), "should be 'nasty' not 'other'"),
    Case("METADATA of another version", "wheel", wheel(METADATA=metadata("0.9")), "not '0.9'"),
    Case("METADATA that is no text", "wheel", wheel(METADATA=b"\xff"), "METADATA cannot be read"),
    Case("a second .dist-info directory", "wheel", beside(lambda v: {"other-1.0.dist-info/METADATA": metadata("1.0", "other")}), "Expected only the directory 'nasty-"),
    Case("a .dist-info directory in other case", "wheel", lambda v: pack([Member(p.replace("nasty-", "Nasty-"), c) for p, c in wheel_files(v).items()]), "WHEEL not found at nasty-"),
    Case("a command that leads upwards", "wheel", in_info("entry_points.txt", b"[console_scripts]\n../evil = nasty:main\n"), "has invalid entry points"),
    Case("a command twice", "wheel", in_info("entry_points.txt", b"[console_scripts]\na = nasty:main\na = nasty:other\n"), "has invalid entry points"),
    Case("entry points that are no text", "wheel", in_info("entry_points.txt", b"\xff"), "has invalid entry points"),
    Case("a licence that is not in the wheel", "wheel", lambda v: wheel(METADATA=metadata(v, rest="License-File: LICENSE\n"))(v), "License-File LICENSE does not exist in distribution file"),
    Case("a wheel of the next major version", "wheel", wheel(WHEEL=b"Wheel-Version: 2.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"), None),
    Case("other tags in WHEEL", "wheel", wheel(WHEEL=b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp39-none-any\n"), None),
    Case("a script in the .data directory", "wheel", beside(lambda v: {f"nasty-{v}.data/scripts/tool": b"#!python\n"}), None),
]
