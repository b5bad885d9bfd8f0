"""Very many files from a few: one project is uploaded, so that each row is one that the program wrote; then its rows are copied in the database, by other
names. The bytes of copies are not there: an index so made answers every page and takes uploads, and serves its one real project's files alone."""

import io
import random
import sqlite3
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import lib

SEED = "generated-seed"
RELEASES, WHEELS = 4, 5
FILES = RELEASES * WHEELS


def seed(url, token):
    """Uploads the project of 20 wheels in four releases."""
    for release in range(RELEASES):
        for number in range(WHEELS):
            filename, content = lib.wheel(SEED, f"1.{release}", random.Random(f"{release} {number}").randbytes(18_800))
            tag = f"py3-none-manylinux_2_{number}_x86_64"
            reply = lib.upload(url, token, filename.replace("py3-none-any", tag), retagged(content, tag))
            assert reply.status == 200, reply


def retagged(content, tag):
    """A wheel with another tag in its WHEEL file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        members = {info.filename: old.read(info) for info in old.infolist()}
        for path, text in members.items():
            if path.endswith("/WHEEL"):
                members[path] = text.replace(b"py3-none-any", tag.encode()).replace(b"Root-Is-Purelib: true", b"Root-Is-Purelib: false")
        record = "".join(lib.record_line(path, text) for path, text in members.items() if not path.endswith("/RECORD"))
        for path, text in members.items():
            if path.endswith("/RECORD"):
                text = (record + f"{path},,\n").encode()
            new.writestr(zipfile.ZipInfo(path), text)
    return out.getvalue()


def name(copy):
    """The name of the project that is this copy, from 1."""
    return f"generated-{copy:07}"


class Sqlite:
    """What a copier asks of a database; here of a file."""

    def __init__(self, path):
        self.database = sqlite3.connect(path)
        # If this breaks off, the file is thrown away.
        for pragma in ("synchronous = OFF", "foreign_keys = OFF", "cache_size = -1000000"):
            self.run(f"PRAGMA {pragma}")

    def run(self, sql):
        self.database.execute(sql)

    def one(self, sql):
        return self.database.execute(sql).fetchone()[0]

    def columns(self, table):
        return [row[1] for row in self.database.execute(f"PRAGMA table_info({table})")]

    def numbered(self, digits):
        return f"printf('%0{digits}d', n)"

    def digest(self, column, number):
        return f"CAST(substr({column}, 1, 24) || CAST({number} AS BLOB) AS BLOB)"

    def finish(self):
        self.database.commit()
        broken = self.database.execute("PRAGMA foreign_key_check").fetchall()
        assert not broken, broken[:3]
        self.database.close()


class Postgres:
    """The same of a database of `engines.Postgres`."""

    def __init__(self, engine, database):
        self.engine, self.database = engine, database

    def run(self, sql):
        self.engine.ask(self.database, sql)

    def one(self, sql):
        return int(self.engine.ask(self.database, sql))

    def columns(self, table):
        return self.engine.ask(self.database, f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'").split()

    def numbered(self, digits):
        return f"lpad(n::text, {digits}, '0')"

    def digest(self, column, number):
        return f"substr({column}, 1, 24) || convert_to({number}, 'UTF8')"

    def finish(self):
        for table in ("projects", "releases", "files"):
            self.run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        # As it would be where the rows had come one by one.
        self.run("VACUUM ANALYZE")


class Copier:
    """Copies the seed project's rows, whatever columns they have by now."""

    def __init__(self, database, copies):
        self.database, self.copies = database, copies
        self.project = database.one(f"SELECT id FROM projects WHERE name = '{SEED}'")
        # Row numbers of copy n: those of the seed, and n times more than any has.
        self.step = {table: self.top(table) for table in ("projects", "releases", "files", "journal")}

    def top(self, table):
        return self.database.one(f"SELECT max({'serial' if table == 'journal' else 'id'}) FROM {table}")

    def copy(self, table, changed, where):
        """Every row of the seed's, once for each number, with these columns changed."""
        columns = self.database.columns(table)
        values = [changed.get(column, f"t.{column}") for column in columns]
        self.database.run(
            f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {self.copies}) "
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM n, {table} AS t WHERE {where}")

    def run(self):
        number = self.database.numbered(7)

        def moved(table, column="id"):
            return f"t.{column} + n * {self.step[table]}"

        # `generated-seed` and `generated_seed` become `generated-0000001` and `generated_0000001`.
        def named(column):
            return f"replace(replace(t.{column}, '-seed', '-' || {number}), '_seed', '_' || {number})"

        self.copy("projects", {"id": moved("projects"), "name": named("name"), "display": named("display"), "confusable": f"t.confusable || {number}",
                               "serial": moved("journal", "serial")}, f"t.id = {self.project}")
        self.copy("roles", {"project_id": moved("projects", "project_id")}, f"t.project_id = {self.project}")
        self.copy("releases", {"id": moved("releases"), "project_id": moved("projects", "project_id"), "metadata": named("metadata")},
                  f"t.project_id = {self.project}")
        self.copy("filenames", {"filename": named("filename")}, "t.filename LIKE 'generated\\_seed-%' ESCAPE '\\'")
        # No two files have the same bytes: the number is in the digest.
        self.copy("files", {"id": moved("files"), "project_id": moved("projects", "project_id"), "release_id": moved("releases", "release_id"),
                            "filename": named("filename"), "sha256": self.database.digest("t.sha256", self.database.numbered(8))},
                  f"t.project_id = {self.project}")
        self.copy("journal", {"serial": moved("journal", "serial"), "project": named("project"), "details": named("details")}, f"t.project = '{SEED}'")


def copied(database, files):
    """Copies until there are so many files; how many there are."""
    copies = files // FILES - 1
    if copies > 0:
        Copier(database, copies).run()
    count = database.one("SELECT count(*) FROM files")
    database.finish()
    return count
