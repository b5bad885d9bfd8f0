-- Times are microseconds since 1970-01-01T00:00:00Z. Digests are 32 (md5: 16) raw bytes. AUTOINCREMENT: a row number is
-- never used again, so that a number in a log or in another process's memory never comes to mean another row.

-- One row for each changing transaction. `serial` orders them; nothing is ever updated or deleted here.
CREATE TABLE journal (
    serial     INTEGER PRIMARY KEY AUTOINCREMENT,
    index_id   INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    request    TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    project    TEXT,
    details    TEXT    NOT NULL
) STRICT;

CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE projects (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    index_id      INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    display       TEXT    NOT NULL,
    confusable    TEXT    NOT NULL,
    visibility    TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    status_reason TEXT,
    serial        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    UNIQUE (index_id, name),
    UNIQUE (index_id, confusable)
) STRICT;

CREATE TABLE roles (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL,
    PRIMARY KEY (project_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    index_id   INTEGER NOT NULL,
    hash       BLOB    NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX tokens_of_user ON tokens (user_id, created_at);
CREATE INDEX tokens_of_project ON tokens (project_id);

CREATE TABLE publishers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    index_id   INTEGER NOT NULL,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    lookup_key TEXT    NOT NULL,
    publisher  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, publisher)
) STRICT;
CREATE INDEX publishers_by_key ON publishers (project_id, lookup_key);

CREATE TABLE releases (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id    INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    version_key   TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    metadata      TEXT    NOT NULL,
    yanked        INTEGER NOT NULL DEFAULT 0,
    yanked_reason TEXT,
    created_at    INTEGER NOT NULL,
    UNIQUE (project_id, version_key)
) STRICT;

-- Every filename ever accepted. Rows stay when the file goes: a name never comes to mean other bytes.
CREATE TABLE filenames (
    index_id INTEGER NOT NULL,
    filename TEXT    NOT NULL,
    first_at INTEGER NOT NULL,
    PRIMARY KEY (index_id, filename)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    index_id        INTEGER NOT NULL,
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    release_id      INTEGER NOT NULL REFERENCES releases (id) ON DELETE CASCADE,
    filename        TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    size            INTEGER NOT NULL,
    sha256          BLOB    NOT NULL,
    blake2b_256     BLOB    NOT NULL,
    md5             BLOB    NOT NULL,
    requires_python TEXT,
    core_metadata   BLOB,
    pyversion       TEXT    NOT NULL,
    comment         TEXT,
    differences     TEXT    NOT NULL,
    notes           TEXT    NOT NULL,
    uploaded_at     INTEGER NOT NULL,
    uploaded_by     TEXT    NOT NULL,
    user_agent      TEXT,
    attestations    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (index_id, filename)
) STRICT;
CREATE INDEX files_of_project ON files (project_id);
CREATE INDEX files_by_digest ON files (sha256);
CREATE UNIQUE INDEX one_sdist_a_release ON files (release_id) WHERE kind = 'sdist';

-- The METADATA files served beside wheels (PEP 658), by SHA-256. Small, so they live and die with their transaction here.
CREATE TABLE core_metadata (
    sha256 BLOB NOT NULL PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

-- `json` is the attestation exactly as uploaded; `record` says what was checked, when, against which root.
CREATE TABLE attestations (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id        INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    predicate_type TEXT    NOT NULL,
    san            TEXT    NOT NULL,
    issuer         TEXT    NOT NULL,
    json           TEXT    NOT NULL,
    publisher      TEXT    NOT NULL,
    record         TEXT    NOT NULL,
    UNIQUE (file_id, predicate_type, san, issuer)
) STRICT;

-- Bytes whose removal was begun at some time. `sweeps` only grows: an upload that saw an older number may have lost its
-- bytes. See `Releases::sweeps`.
CREATE TABLE sweeps (
    sha256   BLOB    NOT NULL PRIMARY KEY,
    sweeps   INTEGER NOT NULL,
    underway INTEGER NOT NULL
) STRICT;
CREATE INDEX sweeps_underway ON sweeps (underway) WHERE underway = 1;
