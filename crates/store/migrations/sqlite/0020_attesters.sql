-- Expected identities of a project that are no publisher. `expected` is `{"publisher": …}` or `{"identity": {"san", "issuer"}}`,
-- `predicate_types` a JSON array, or null for any.
CREATE TABLE attesters (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    index_id        INTEGER NOT NULL,
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    role            TEXT    NOT NULL,
    lookup_key      TEXT    NOT NULL,
    expected        TEXT    NOT NULL,
    predicate_types TEXT,
    created_at      INTEGER NOT NULL,
    UNIQUE (project_id, role, expected)
) STRICT;
CREATE INDEX attesters_by_key ON attesters (project_id, lookup_key);

-- What was added to a file after its upload. Not in `attestations`: what stands there is served as the file's provenance
-- object, by programs of the previous version too. A predicate type and identity that a file has there it has not here;
-- the one writer at a time of `BEGIN IMMEDIATE` sees to that.
CREATE TABLE late_attestations (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id        INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    predicate_type TEXT    NOT NULL,
    san            TEXT    NOT NULL,
    issuer         TEXT    NOT NULL,
    capacity       TEXT    NOT NULL,
    json           TEXT    NOT NULL,
    record         TEXT    NOT NULL,
    added_at       INTEGER NOT NULL,
    added_by       TEXT    NOT NULL,
    UNIQUE (file_id, predicate_type, san, issuer)
) STRICT;
