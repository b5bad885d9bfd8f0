"""sdists whose tar archive (POSIX pax, GNU) readers take differently, or that lead elsewhere."""

import bz2
import gzip
import io
import tarfile

from sample import Case, module, metadata, sdist_files
import zips

BLOCK = 512
FILE, HARD_LINK, SYMLINK, CHARACTER, FOLDER, FIFO, CONTIGUOUS = b"0", b"1", b"2", b"3", b"5", b"6", b"7"
PAX, PAX_GLOBAL, LONG_NAME, LONG_LINK, SPARSE = b"x", b"g", b"L", b"K", b"S"


def header(name, size=0, kind=FILE, target=b"", mode=0o644, magic=b"ustar\00000", prefix=b"", size_field=None, checksum=None):
    name = name.encode() if isinstance(name, str) else name
    target = target.encode() if isinstance(target, str) else target
    size_field = b"%011o\0" % size if size_field is None else size_field
    fields = [
        name.ljust(100, b"\0"), b"%07o\0" % mode, b"%07o\0" % 0, b"%07o\0" % 0, size_field, b"%011o\0" % 1_700_000_000, b" " * 8, kind,
        target.ljust(100, b"\0"), magic, b"".ljust(64, b"\0"), b"%07o\0" % 0, b"%07o\0" % 0, prefix.ljust(155, b"\0"),
    ]
    block = b"".join(fields).ljust(BLOCK, b"\0")
    assert len(block) == BLOCK, (name, len(block))
    total = sum(block) if checksum is None else checksum
    return block[:148] + b"%06o\0 " % total + block[156:]


def member(name, content=b"", **fields):
    return header(name, len(content), **fields) + content.ljust(-len(content) // BLOCK * -BLOCK, b"\0")


def records(**said):
    """The records of a pax header; keys with dots come as `GNU_sparse_…`."""
    out = b""
    for key, value in said.items():
        key = key.replace("GNU_sparse_", "GNU.sparse.").encode()
        value = value if isinstance(value, bytes) else str(value).encode()
        rest = b" " + key + b"=" + value + b"\n"
        length = len(rest) + len(str(len(rest)))
        length += len(str(length)) != len(str(len(rest)))
        out += str(length).encode() + rest
    return out


def pax(kind=PAX, **said):
    return member("pax", records(**said), kind=kind)


def members(version, without=(), top=None, **changed):
    top = f"nasty-{version}" if top is None else top
    files = {name: changed.get(name.split(".")[0], content) for name, content in sdist_files(version).items()}
    return [member(f"{top}/{name}", content) for name, content in files.items() if name not in without]


END = bytes(2 * BLOCK)


def pack(blocks, end=END):
    return gzip.compress(b"".join(blocks) + end, 6, mtime=0)


def plus(make, **options):
    """A good sdist with more blocks, which `make` makes of its top-level directory, behind."""
    def build(version):
        more = make(f"nasty-{version}")
        return pack([*members(version), *([more] if isinstance(more, bytes) else more)], **options)
    return build


def by_python(form):
    """As Python's own module writes one, with a path that does not fit into a header."""
    def build(version):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as archive:
            for name, content in {**sdist_files(version), "long/" * 30 + "a.py": module("good")}.items():
                info = tarfile.TarInfo(f"nasty-{version}/{name}")
                info.size, info.mtime = len(content), 1_700_000_000
                archive.addfile(info, io.BytesIO(content))
        return gzip.compress(out.getvalue(), 6, mtime=0)
    return build


def two_gzip_members(version):
    """One stream in two parts, as parallel writers make it."""
    whole = b"".join(members(version)) + END
    half = len(whole) // 2
    return gzip.compress(whole[:half], mtime=0) + gzip.compress(whole[half:], mtime=0)


def hidden_in_a_second_gzip_member(version):
    """A whole archive, and another behind it: the second is seen by those alone who read past the first's end."""
    return pack(members(version)) + pack([member(f"nasty-{version}/evil.py", module("evil"))])


def hidden_behind_one_zero_block(version):
    """Readers that want two blocks of zeros for an end go on."""
    return pack([*members(version), bytes(BLOCK), member(f"nasty-{version}/evil.py", module("evil"))])


def size_by_pax(version):
    """The header says that the file is empty, the pax header how large it is: whoever takes the header's word reads the file's
    data as members."""
    inner = member(f"nasty-{version}/evil.py", module("evil"))
    return pack([*members(version), pax(size=len(inner)), header(f"nasty-{version}/data.bin", 0) + inner])


def replaced(version):
    return pack([*members(version), member(f"nasty-{version}/nasty.py", module("later"))])


def bomb(version):
    return pack([*members(version), member(f"nasty-{version}/zeros.bin", bytes(65 << 20))])


def bomb_behind(version):
    return pack(members(version), end=END + bytes(65 << 20))


def old_sparse(top):
    """GNU's own: a map of the file in the header."""
    data = module("evil").ljust(BLOCK, b"\0")
    block = bytearray(header(f"{top}/sparse.bin", len(data), kind=SPARSE, magic=b"ustar  \0"))
    block[386:410] = b"%011o\0%011o\0" % (0, len(data))
    block[483:495] = b"%011o\0" % (1 << 30)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data


def pax_sparse(top):
    data = b"1\n0\n512\n".ljust(BLOCK, b"\0") + module("evil").ljust(BLOCK, b"\0")
    said = pax(GNU_sparse_major=1, GNU_sparse_minor=0, GNU_sparse_name=f"{top}/sparse.bin", GNU_sparse_realsize=1 << 30)
    return [said, member(f"{top}/GNUSparseFile.0/sparse.bin", data)]


def zip_too(version):
    """Behind the compressed stream a wheel's bytes: readers of zip look from the end."""
    return pack(members(version)) + zips.pack([zips.Member("nasty.py", module("evil"))])


def cut(build, count):
    return lambda version: build(version)[:-count]


def good(version):
    return pack(members(version))


def folder_first(version):
    top = f"nasty-{version}"
    return pack([member(f"{top}/", kind=FOLDER, mode=0o755), *members(version)])


def pkg_info_is_a_link(version):
    top = f"nasty-{version}"
    rest = members(version, without=("PKG-INFO",))
    return pack([*rest, member(f"{top}/OTHER", metadata(version)), member(f"{top}/PKG-INFO", kind=SYMLINK, target="OTHER")])


def two_pkg_infos(version):
    return pack([*members(version), member(f"nasty-{version}/PKG-INFO", metadata(version, "other"))])


def of_license(version):
    return pack(members(version, **{"PKG-INFO": metadata(version, rest="License-File: LICENSE\n")}))


EXTENSION = "expected well-formed extension headers"
CASES = [
    Case("a good sdist", "sdist", good, None),
    Case("an sdist by Python, pax", "sdist", by_python(tarfile.PAX_FORMAT), None),
    Case("an sdist by Python, GNU", "sdist", by_python(tarfile.GNU_FORMAT), None),
    Case("a folder first", "sdist", folder_first, None),
    Case("a stream in two gzip members", "sdist", two_gzip_members, "expected the end of the archive"),
    Case("no blocks of zeros at the end", "sdist", lambda v: pack(members(v), end=b""), "expected two blocks of zeros at the end of the archive"),
    Case("one block of zeros at the end", "sdist", lambda v: pack(members(v), end=bytes(BLOCK)), "expected two blocks of zeros at the end of the archive"),
    Case("zeros up to a whole record", "sdist", lambda v: pack(members(v), end=bytes(20 * BLOCK)), None),
    Case("a global pax header with a comment", "sdist", lambda v: pack([pax(PAX_GLOBAL, comment="abc"), *members(v)]), None),
    Case("a contiguous file", "sdist", plus(lambda top: member(f"{top}/a.py", module("good"), kind=CONTIGUOUS)), None),
    Case("a symbolic link inside", "sdist", plus(lambda top: member(f"{top}/link.py", kind=SYMLINK, target="nasty.py")), None),
    Case("a hard link inside", "sdist", plus(lambda top: member(f"{top}/link.py", kind=HARD_LINK, target=f"{top}/nasty.py")), None),
    Case("a member that comes again", "sdist", replaced, None),
    Case("a size in base 256", "sdist", plus(lambda top: header(f"{top}/a.py", size_field=b"\x80" + (13).to_bytes(11, "big")) + b'WHO = "good"\n'.ljust(BLOCK, b"\0")), "expected a member's size in octal digits"),
    Case("a sparse member, GNU", "sdist", plus(old_sparse), "Sparse members are not allowed"),
    Case("a sparse member, pax", "sdist", plus(pax_sparse), "Sparse members are not allowed"),
    Case("a global pax header with sparse data", "sdist", lambda v: pack([pax(PAX_GLOBAL, GNU_sparse_major=1), *members(v)]), "expected no global extension header with 'GNU.sparse.major'"),
    Case("a device", "sdist", plus(lambda top: member(f"{top}/null", kind=CHARACTER)), "found a member of type '3'"),
    Case("a FIFO", "sdist", plus(lambda top: member(f"{top}/fifo", kind=FIFO)), "found a member of type '6'"),
    Case("a member of no known kind", "sdist", plus(lambda top: member(f"{top}/a.py", module("evil"), kind=b"Z")), "found a member of type 'Z'"),
    Case("a symbolic link upwards", "sdist", plus(lambda top: member(f"{top}/link", kind=SYMLINK, target="../../evil")), "leads out of the archive"),
    Case("a symbolic link to a root", "sdist", plus(lambda top: member(f"{top}/link", kind=SYMLINK, target="/etc/passwd")), "leads out of the archive"),
    Case("a hard link to a root", "sdist", plus(lambda top: member(f"{top}/link", kind=HARD_LINK, target="/etc/passwd")), "leads out of the archive"),
    Case("a hard link to what is not there", "sdist", plus(lambda top: member(f"{top}/link", kind=HARD_LINK, target=f"{top}/nothing")), "expected hard links to earlier files"),
    Case("a hard link to what comes later", "sdist", plus(lambda top: [member(f"{top}/link.py", kind=HARD_LINK, target=f"{top}/a.py"), member(f"{top}/a.py", module("good"))]), "expected hard links to earlier files"),
    Case("a hard link to a symbolic link", "sdist", plus(lambda top: [member(f"{top}/s.py", kind=SYMLINK, target="nasty.py"), member(f"{top}/h.py", kind=HARD_LINK, target=f"{top}/s.py")]), "expected hard links to earlier files"),
    Case("a member beyond a link", "sdist", plus(lambda top: [member(f"{top}/link", kind=SYMLINK, target="folder"), member(f"{top}/link/a.py", module("evil"))]), "expected no member beyond a link"),
    Case("a member below a file", "sdist", plus(lambda top: member(f"{top}/nasty.py/a.py", module("evil"))), "is a file and a directory"),
    Case("a link with contents", "sdist", plus(lambda top: member(f"{top}/link", module("evil"), kind=SYMLINK, target="nasty.py")), "expected no contents in a directory or a link"),
    Case("a folder with contents in tar", "sdist", plus(lambda top: member(f"{top}/folder/", module("evil"), kind=FOLDER)), "expected no contents in a directory or a link"),
    Case("a file whose path ends in a slash", "sdist", plus(lambda top: member(f"{top}/folder/", module("evil"))), "expected no '/' at the end of a file's path"),
    Case("a path upwards in tar", "sdist", plus(lambda top: member(f"{top}/../evil.py", module("evil"))), "expected no '..' in it"),
    Case("an absolute path in tar", "sdist", plus(lambda top: member("/tmp/touchplate-nasty.py", module("evil"))), "expected a relative path"),
    Case("a path with a dot in tar", "sdist", plus(lambda top: member(f"./{top}/a.py", module("evil"))), "expected no empty part and no '.' in it"),
    Case("a path that is not UTF-8 in tar", "sdist", plus(lambda top: member(f"{top}/".encode() + b"\xff.py", module("evil"))), "Filename not unicode"),
    Case("a line feed in a path in tar", "sdist", plus(lambda top: member(f"{top}/a\nb.py", module("evil"))), "Invalid character in filename"),
    Case("a path by pax beside another", "sdist", plus(lambda top: [pax(path=f"{top}/a.py"), member(f"{top}/b.py", module("good"))]), None),
    Case("two paths by pax", "sdist", plus(lambda top: [member("pax", records(path=f"{top}/a.py") + records(path=f"{top}/b.py"), kind=PAX), member(f"{top}/c.py", module("evil"))]), EXTENSION),
    Case("two pax headers of one member", "sdist", plus(lambda top: [pax(path=f"{top}/a.py"), pax(path=f"{top}/b.py"), member(f"{top}/c.py", module("evil"))]), EXTENSION),
    Case("a path by pax and by GNU", "sdist", plus(lambda top: [pax(path=f"{top}/a.py"), member("long", f"{top}/b.py\0".encode(), kind=LONG_NAME), member(f"{top}/c.py", module("evil"))]), EXTENSION),
    Case("a NUL in a long name", "sdist", plus(lambda top: [member("long", f"{top}/a.py\0.txt\0".encode(), kind=LONG_NAME), member(f"{top}/c.py", module("evil"))]), "Invalid character in filename"),
    Case("a pax header of no member", "sdist", plus(lambda top: pax(path=f"{top}/a.py")), EXTENSION),
    Case("a pax header that is damaged", "sdist", plus(lambda top: [member("pax", b"99 path=a\n", kind=PAX), member(f"{top}/c.py", module("evil"))]), EXTENSION),
    Case("a global pax header with a path", "sdist", lambda v: pack([pax(PAX_GLOBAL, path=f"nasty-{v}/a.py"), *members(v)]), "expected no global extension header with 'path'"),
    Case("another size by pax", "sdist", size_by_pax, "expected the same size in a member's header and extension header"),
    Case("a wrong checksum of a header", "sdist", plus(lambda top: header(f"{top}/a.py", checksum=1)), "expected a header block, found other data"),
    Case("a negative size", "sdist", plus(lambda top: header(f"{top}/a.py", size_field=b"\xff" * 12)), "expected a header block, found other data"),
    Case("a path's first part in a GNU header", "sdist", plus(lambda top: member("a.py", module("evil"), magic=b"ustar  \0", prefix=top.encode())), "unused part of a header"),
    Case("a second archive behind the first", "sdist", lambda v: pack(members(v), end=END + b"".join(members(v, nasty=module("evil"))) + END), "expected only zeros after the end of the archive"),
    Case("a second archive in a second gzip member", "sdist", hidden_in_a_second_gzip_member, "expected nothing behind the compressed stream"),
    Case("a member behind one block of zeros", "sdist", hidden_behind_one_zero_block, "tar archive not accepted"),
    Case("bytes behind the gzip stream", "sdist", lambda v: good(v) + b"hidden", "expected nothing behind the compressed stream"),
    Case("a stream that is cut off", "sdist", cut(good, 100), "cannot be decompressed"),
    Case("a file that is cut off", "sdist", plus(lambda top: header(f"{top}/a.py", 5000), end=b""), "expected the end of the archive, found the end of the file"),
    Case("bzip2 in its place", "sdist", lambda v: bz2.compress(b"".join(members(v)) + END), "File is not a tarfile"),
    Case("no compression", "sdist", lambda v: b"".join(members(v)) + END, "File is not a tarfile"),
    Case("a zip archive in its place", "sdist", lambda v: zips.pack([zips.Member(f"nasty-{v}/{p}", c) for p, c in sdist_files(v).items()]), "File is both a zip and a tar file"),
    Case("a zip archive behind the stream", "sdist", zip_too, "File is both a zip and a tar file"),
    Case("a bomb in a member", "sdist", bomb, "File exceeds compression ratio of 50"),
    Case("a bomb behind the archive", "sdist", bomb_behind, "File exceeds compression ratio of 50"),
    Case("two top-level directories", "sdist", plus(lambda top: member("other/a.py", module("evil"))), "Incorrect number of top-level directories in sdist"),
    Case("a directory of another version", "sdist", lambda v: pack(members(v, top="nasty-0.9")), "Expected the directory 'nasty-"),
    Case("a directory of no name and version", "sdist", lambda v: pack(members(v, top="nasty")), None),
    Case("no PKG-INFO", "sdist", lambda v: pack(members(v, without=("PKG-INFO",))), "PKG-INFO not found at nasty-"),
    Case("a PKG-INFO that is a link", "sdist", pkg_info_is_a_link, "PKG-INFO not found at nasty-"),
    Case("two files PKG-INFO", "sdist", two_pkg_infos, "Expected one file at nasty-"),
    Case("a PKG-INFO of another project", "sdist", lambda v: pack(members(v, **{"PKG-INFO": metadata(v, "other")})), "should be 'nasty' not 'other'"),
    Case("a PKG-INFO of another version", "sdist", lambda v: pack(members(v, **{"PKG-INFO": metadata("0.9")})), "not '0.9'"),
    Case("a licence that is not there", "sdist", of_license, "License-File LICENSE does not exist in distribution file"),
]
