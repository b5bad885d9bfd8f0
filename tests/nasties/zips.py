"""Zip archives with any field of any record changed (APPNOTE 6.3.10, section 4.3), and those that readers take differently."""

import bz2
import lzma
import struct
import zlib

from sample import Case, info, module, wheel_files

STORED, DEFLATED = 0, 8
UTF_8, DESCRIPTOR, ENCRYPTED = 1 << 11, 1 << 3, 1
FAR = 0xFFFFFFFF


class Member:
    """A file in a zip archive: both of its headers hold what is right until a case changes it."""

    def __init__(self, name, content=b"", method=DEFLATED, data=None):
        name = name.encode() if isinstance(name, str) else name
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.data = data if data is not None else content if method == STORED else deflate.compress(content) + deflate.flush()
        flags = 0 if name.isascii() else UTF_8
        said = {
            "needed": 20, "flags": flags, "method": method, "crc": zlib.crc32(content), "packed": len(self.data), "size": len(content),
            "name": name, "extra": b"",
        }
        self.local = dict(said)
        self.central = dict(said, made=0x0314, comment=b"", disk=0, mode=0o100644, offset=None)
        # Bytes between this member and the next.
        self.behind = b""
        self.in_local = self.in_central = True

    def both(self, **fields):
        self.local.update(fields)
        self.central.update(fields)
        return self

    def local_header(self):
        said = self.local
        fixed = struct.pack(
            "<4s5H3I2H", b"PK\3\4", said["needed"], said["flags"], said["method"], 0, 0x21, said["crc"], said["packed"], said["size"],
            len(said["name"]), len(said["extra"]),
        )
        return fixed + said["name"] + said["extra"]

    def central_header(self):
        said = self.central
        fixed = struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", said["made"], said["needed"], said["flags"], said["method"], 0, 0x21, said["crc"], said["packed"],
            said["size"], len(said["name"]), len(said["extra"]), len(said["comment"]), said["disk"], 0, said["mode"] << 16, said["offset"],
        )
        return fixed + said["name"] + said["extra"] + said["comment"]


def end_64(records, size, offset, at, rest=b"", pointer=None):
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44 + len(rest), 45, 45, 0, 0, records, records, size, offset) + rest
    return record + struct.pack("<4sIQI", b"PK\6\7", 0, at if pointer is None else pointer, 1)


def pack(members, before=b"", shifted=0, gap=b"", comment=b"", behind=b"", zip64=None, **end):
    """The archive. `before` stands in front of it, `shifted` is added to every offset, `gap` is before the directory."""
    body = bytearray(before)
    for member in members:
        if member.central["offset"] is None:
            member.central["offset"] = len(body) - len(before) + shifted
        if member.in_local:
            body += member.local_header() + member.data + member.behind
    body += gap
    directory = b"".join(member.central_header() for member in members if member.in_central)
    records = sum(member.in_central for member in members)
    said = {"records": records, "size": len(directory), "offset": len(body) - len(before) + shifted, "disk": 0} | end
    out = bytes(body) + directory
    if zip64 is not None:
        out += end_64(**({"records": records, "size": len(directory), "offset": len(body), "at": len(out)} | zip64))
    out += struct.pack("<4s4H2IH", b"PK\5\6", said["disk"], said["disk"], said["records"], said["records"], said["size"], said["offset"], len(comment))
    return out + comment + behind


def members(version, **changes):
    return [Member(path, content) for path, content in wheel_files(version, **changes).items()]


def good(version):
    return pack(members(version))


def extra(ident, data):
    return struct.pack("<2H", ident, len(data)) + data


def changed(change, **options):
    """A good wheel whose first member, the module, is changed."""
    def build(version):
        all_members = members(version)
        change(all_members[0])
        return pack(all_members, **options)
    return build


def plus(*more, record=True, **options):
    """A good wheel with more members, which RECORD lists."""
    def build(version):
        made = [make() for make in more]
        named = {m.local["name"].decode("utf-8", "replace"): m.content for m in made if record and hasattr(m, "content")}
        return pack(members(version, more=named)[:3] + made + members(version, more=named)[-1:], **options)
    return build


def another(name, who="evil", **fields):
    def make():
        member = Member(name, module(who))
        member.content = module(who)
        return member.both(**fields)
    return make


def twice(version):
    """Two members of one path: the first by the order of the file, the other last in the directory."""
    all_members = members(version)
    return pack([all_members[0], Member("nasty.py", module("evil")), *all_members[1:]])


def listed_twice(version):
    all_members = members(version)
    again = Member("nasty.py", module("good"))
    again.in_local, again.central["offset"] = False, 0
    return pack([*all_members, again])


def hidden_member(version):
    all_members = members(version)
    hidden = Member("hidden.py", module("evil"))
    hidden.in_central = False
    return pack([hidden, *all_members])


def two_directories(version):
    """A second, whole archive in the comment: the last end record is its own."""
    first = good(version)
    second = pack([Member("nasty.py", module("evil")), *members(version)[1:]], shifted=len(first))
    patched = bytearray(first)
    patched[-2:] = struct.pack("<H", len(second))
    return bytes(patched) + second


def concatenated(version):
    return good(version) + pack([Member("nasty.py", module("evil")), *members(version)[1:]])


def overlapping(version):
    """One file's data is another's header and data: unpacked twice, stored once."""
    inner = Member("inner.py", module("evil"), STORED)
    covered = inner.local_header() + inner.data
    outer = Member("nasty.py", covered, STORED)
    inner.in_local = False
    inner.central["offset"] = len(outer.local_header())
    return pack([outer, inner, *members(version)[1:]])


def renamed_in_directory(member):
    member.central["name"] = b"other.py"


def crc_lie(member):
    member.both(crc=member.local["crc"] ^ 1)


def behind_the_stream(member):
    member.data += b"hidden behind the end of the compressed data"
    member.both(packed=len(member.data))


def said_larger(member):
    member.both(size=member.local["size"] + 1)


def said_smaller(member):
    member.both(size=member.local["size"] - 1)


def by(method, compress):
    def change(member):
        member.data = compress(module("good"))
        member.both(method=method, packed=len(member.data))
    return change


def local(**fields):
    return lambda member: member.local.update(fields)


def central(**fields):
    return lambda member: member.central.update(fields)


def both(**fields):
    return lambda member: member.both(**fields)


def local_less(field):
    return lambda member: member.local.update({field: member.local[field] - 1})


def unicode_path(member):
    path = b"other.py"
    member.both(extra=extra(0x7075, b"\1" + struct.pack("<I", zlib.crc32(b"nasty.py")) + path))


def zip_64_sizes(member):
    said = member.local
    sizes = struct.pack("<2Q", said["size"], said["packed"])
    member.both(size=FAR, packed=FAR, extra=extra(1, sizes))


def zip_64_lies(member):
    said = member.local
    member.local.update(extra=extra(1, struct.pack("<2Q", said["size"], said["packed"] - 1)))


def zip_64_twice(member):
    said = member.local
    sizes = extra(1, struct.pack("<2Q", said["size"], said["packed"]))
    member.local.update(size=FAR, packed=FAR, extra=sizes + sizes)


def streamed(member):
    descriptor = struct.pack("<4s3I", b"PK\7\x08", member.local["crc"], member.local["packed"], member.local["size"])
    member.behind = descriptor
    member.local.update(flags=DESCRIPTOR, crc=0, packed=0, size=0)
    member.central.update(flags=DESCRIPTOR)


def with_directory_data(version):
    folder = Member("folder/", b"data in a folder", STORED)
    return pack([folder, *members(version)])


def folders(version):
    return pack([Member("folder/", b"", STORED).both(mode=0o040755), *members(version, more={"folder/a.py": module("good")})])


def symlink(version):
    files = wheel_files(version, more={"link.py": b"nasty.py"})
    made = [Member(path, content) for path, content in files.items()]
    made[3].central["mode"] = 0o120777
    return pack(made)


def bomb(size, admits=True, copies=1):
    def build(version):
        made = [Member(f"zeros{n}.bin", bytes(size)) for n in range(copies)]
        for member in made:
            if not admits:
                member.both(size=1000)
        return pack([*members(version), *made])
    return build


def tar_too(version):
    """The first block is a tar header, in the first member's extra field."""
    all_members = [Member("zeros.bin", bytes(1024), STORED), *members(version)]
    all_members[0].local["extra"] = extra(0x0909, bytes(0x1F0))
    archive = bytearray(pack(all_members))
    archive[148:156] = b" " * 8
    archive[148:156] = b"%06o\0 " % sum(archive[:512])
    return bytes(archive)


def truncated(version):
    return good(version)[:-30]


CASES = [
    Case("a good wheel", "wheel", good, None),
    Case("stored members", "wheel", lambda v: pack([Member(p, c, STORED) for p, c in wheel_files(v).items()]), None),
    Case("folders are members", "wheel", folders, None),
    Case("sizes in ZIP64 extra fields", "wheel", changed(zip_64_sizes), None),
    Case("ZIP64 end records", "wheel", lambda v: pack(members(v), zip64={}), None),
    Case("ZIP64 end records alone say where", "wheel", lambda v: pack(members(v), zip64={}, records=0xFFFF, size=FAR, offset=FAR), None),
    Case("a comment on the archive", "wheel", lambda v: pack(members(v), comment=b"made for a test"), None),
    Case("a path in UTF-8", "wheel", plus(another("ü.py", "good")), None),
    Case("two paths that differ in case", "wheel", plus(another("Nasty.py", "good")), None),
    Case("a symbolic link", "wheel", symlink, None),
    Case("a path of code page 437", "wheel", plus(another("ü.py".encode("cp437"), flags=0), record=False), "Filename not unicode"),
    Case("a path in UTF-8 that does not say so", "wheel", plus(another("ü.py".encode(), flags=0)), "Filename not unicode"),
    Case("a path that is not UTF-8", "wheel", plus(another(b"\xff.py", flags=UTF_8), record=False), "Filename not unicode"),
    Case("a line feed in a path", "wheel", plus(another("a\nb.py")), "Invalid character in filename"),
    Case("a NUL in a path", "wheel", plus(another("nasty.py\0.txt"), record=False), "Invalid character in filename"),
    Case("a path upwards", "wheel", plus(another("../evil.py")), "expected no '..' in it"),
    Case("a path upwards for Windows", "wheel", plus(another("..\\evil.py"), record=False), "expected no '..' in it"),
    Case("an absolute path", "wheel", plus(another("/tmp/touchplate-nasty.py")), "expected a relative path"),
    Case("a path with a drive", "wheel", plus(another("C:evil.py")), "expected a relative path"),
    Case("a path with a dot", "wheel", plus(another("./nasty.py"), record=False), "expected no empty part and no '.' in it", either=("nasty.py: good", "nasty.py: evil")),
    Case("a path with an empty part", "wheel", plus(another("folder//a.py"), record=False), "expected no empty part and no '.' in it"),
    Case("a file that is a folder of another", "wheel", plus(another("nasty.py/a.py")), "is a file and a directory"),
    Case("a folder with contents", "wheel", with_directory_data, "A directory has contents"),
    Case("two members of one path", "wheel", twice, "Duplicate filename in local headers", either=("nasty.py: good", "nasty.py: evil")),
    Case("one member listed twice", "wheel", listed_twice, "Duplicate filename in central directory"),
    Case("a member that is not listed", "wheel", hidden_member, "Filename not in central directory"),
    Case("a listed member under another name", "wheel", changed(renamed_in_directory), "Missing filename in local headers"),
    Case("another path in an extra field", "wheel", changed(unicode_path), "Mis-matched filename in an extra field"),
    Case("a data descriptor", "wheel", changed(streamed), "ZIP contains a data descriptor"),
    Case("another size in the local header", "wheel", changed(local_less("size")), "Mis-matched file size"),
    Case("another compressed size in the local header", "wheel", changed(local_less("packed")), "Unknown record signature"),
    Case("another checksum in the local header", "wheel", changed(local(crc=0)), "Mis-matched checksum"),
    Case("another method in the local header", "wheel", changed(local(method=STORED)), "Mis-matched local headers and central directory"),
    Case("another offset in the directory", "wheel", changed(central(offset=1)), "Mis-matched local headers and central directory"),
    Case("a checksum that is not the data's", "wheel", changed(crc_lie), "Mis-matched checksum"),
    Case("a size that the data exceed", "wheel", changed(said_smaller), "Mis-matched file size"),
    Case("a size that the data do not reach", "wheel", changed(said_larger), "Mis-matched file size"),
    Case("bytes behind the compressed data", "wheel", changed(behind_the_stream), "Mis-matched data size"),
    Case("bytes between two members", "wheel", changed(lambda m: setattr(m, "behind", b"hidden")), "Unknown record signature"),
    Case("bytes before the directory", "wheel", lambda v: pack(members(v), gap=b"hidden"), "Unknown record signature"),
    Case("members that overlap", "wheel", overlapping, "Missing filename in local headers"),
    Case("bzip2", "wheel", changed(by(12, bz2.compress)), "File does not use a supported compression type"),
    Case("LZMA", "wheel", changed(by(14, lzma.compress)), "File does not use a supported compression type"),
    Case("Zstandard that is none", "wheel", changed(by(93, lambda data: data)), "File does not use a supported compression type"),
    Case("an encrypted member", "wheel", changed(both(flags=ENCRYPTED)), "File does not use a supported compression type"),
    Case("ZIP64 sizes that contradict the header", "wheel", changed(zip_64_lies), "Mis-matched data size"),
    Case("two ZIP64 extra fields", "wheel", changed(zip_64_twice), "Invalid duplicate extra in local file"),
    Case("a comment on a member", "wheel", changed(central(comment=b"PK\5\6")), "Comment in central directory"),
    Case("a member on another disk", "wheel", changed(central(disk=1)), "Malformed zip file"),
    Case("bytes before the archive", "wheel", lambda v: pack(members(v), before=b"#!/bin/sh\n"), "Unknown record signature"),
    Case("bytes before the archive, offsets that know", "wheel", lambda v: pack(members(v), before=b"#!/bin/sh\n", shifted=10), "Unknown record signature"),
    Case("bytes behind the archive", "wheel", lambda v: pack(members(v), behind=b"hidden"), "Trailing data"),
    Case("an archive in the comment", "wheel", two_directories, "Trailing data"),
    Case("two archives, one behind the other", "wheel", concatenated, "Trailing data"),
    Case("an end record that counts fewer", "wheel", lambda v: pack(members(v), records=3), "Mismatched central directory records"),
    Case("an end record with another offset", "wheel", lambda v: pack(members(v), offset=1), "Mismatched central directory offset"),
    Case("an end record with another size", "wheel", lambda v: pack(members(v), size=46), "Mismatched central directory size"),
    Case("an end record of another disk", "wheel", lambda v: pack(members(v), disk=1), "Malformed zip file"),
    Case("ZIP64 end records that count fewer", "wheel", lambda v: pack(members(v), zip64={"records": 3}), "Mismatched central directory records"),
    Case("ZIP64 end records with another offset", "wheel", lambda v: pack(members(v), zip64={"offset": 1}), "Mismatched central directory offset"),
    Case("ZIP64 extensible data", "wheel", lambda v: pack(members(v), zip64={"rest": b"hidden data."}), "ZIP64 extensible data not allowed"),
    Case("a ZIP64 locator to elsewhere", "wheel", lambda v: pack(members(v), zip64={"pointer": 0}), "Malformed zip file"),
    Case("an archive that is cut off", "wheel", truncated, "Malformed zip file"),
    Case("no archive at all", "wheel", lambda v: b"no archive", "File is not a zipfile"),
    Case("a tar archive's first block", "wheel", tar_too, "File is both a zip and a tar file"),
    Case("a bomb that admits to be one", "wheel", bomb(65 << 20), "File exceeds compression ratio of 50"),
    Case("a bomb that says it is small", "wheel", bomb(65 << 20, admits=False), "Mis-matched file size"),
    Case("a bomb in many members", "wheel", bomb(1 << 20, copies=65), "File exceeds compression ratio of 50"),
]
