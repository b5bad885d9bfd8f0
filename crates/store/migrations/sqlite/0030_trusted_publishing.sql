-- Publishers are found by key in the whole index, whatever their number, and two that nobody could tell apart are one: the
-- wire form with names in lower case that are compared so. Lookup keys have repositories of GitHub and GitLab in lower case.
ALTER TABLE publishers ADD COLUMN unique_key TEXT;
ALTER TABLE publishers ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';
UPDATE publishers SET unique_key = CASE
    WHEN json_extract(publisher, '$.kind') IN ('GitHub', 'GitHubEnterprise') THEN
        json_replace(publisher, '$.repository', lower(json_extract(publisher, '$.repository')),
            '$.environment', lower(json_extract(publisher, '$.environment')),
            '$.callee_repository', lower(json_extract(publisher, '$.callee_repository')))
    WHEN json_extract(publisher, '$.kind') IN ('GitLab', 'GitLabSelfManaged') THEN
        json_replace(publisher, '$.repository', lower(json_extract(publisher, '$.repository')))
    ELSE publisher END;
-- Some that differ in case alone may have been added before; they stay.
UPDATE publishers SET unique_key = unique_key || '#' || id WHERE EXISTS (SELECT 1 FROM publishers AS other
    WHERE other.project_id = publishers.project_id AND other.unique_key = publishers.unique_key AND other.id < publishers.id);
CREATE UNIQUE INDEX publishers_once ON publishers (project_id, unique_key);
CREATE INDEX publishers_of_index_by_key ON publishers (index_id, lookup_key);
UPDATE publishers SET lookup_key = substr(lookup_key, 1, instr(lookup_key, ':'))
    || lower(json_extract(publisher, '$.repository'))
    || substr(lookup_key, instr(lookup_key, ':') + 1 + length(json_extract(publisher, '$.repository')))
    WHERE json_extract(publisher, '$.kind') IN ('GitHub', 'GitHubEnterprise', 'GitLab', 'GitLabSelfManaged');
UPDATE attesters SET lookup_key = substr(lookup_key, 1, instr(lookup_key, ':'))
    || lower(json_extract(expected, '$.publisher.repository'))
    || substr(lookup_key, instr(lookup_key, ':') + 1 + length(json_extract(expected, '$.publisher.repository')))
    WHERE json_extract(expected, '$.publisher.kind') IN ('GitHub', 'GitHubEnterprise', 'GitLab', 'GitLabSelfManaged');
-- Patterns did not exist before, so the keys of OIDC publishers are as they were.

-- Set where a publisher's first mint created the project: then it is not the first uploader's.
ALTER TABLE projects ADD COLUMN by_publisher INTEGER NOT NULL DEFAULT 0;

CREATE TABLE pending_publishers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    index_id   INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    display    TEXT    NOT NULL,
    confusable TEXT    NOT NULL,
    visibility TEXT    NOT NULL,
    user_id    INTEGER REFERENCES users (id) ON DELETE CASCADE,
    lookup_key TEXT    NOT NULL,
    unique_key TEXT    NOT NULL,
    publisher  TEXT    NOT NULL,
    terms      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (index_id, name, unique_key)
) STRICT;
CREATE INDEX pending_publishers_by_key ON pending_publishers (index_id, lookup_key);
CREATE INDEX pending_publishers_of_user ON pending_publishers (user_id);
CREATE INDEX pending_publishers_by_end ON pending_publishers (expires_at);

CREATE TABLE minted_tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    index_id   INTEGER NOT NULL,
    hash       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    single_use INTEGER NOT NULL,
    used_at    INTEGER,
    publisher  TEXT    NOT NULL,
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    run        TEXT    NOT NULL
) STRICT;
CREATE INDEX minted_tokens_by_end ON minted_tokens (expires_at);

-- What a minted token is for. A row goes with its publisher, so a removed publisher's tokens reach nothing.
CREATE TABLE minted_reach (
    token_id     TEXT    NOT NULL REFERENCES minted_tokens (id) ON DELETE CASCADE,
    project_id   INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    publisher_id INTEGER NOT NULL REFERENCES publishers (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (token_id, project_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX minted_reach_of_project ON minted_reach (project_id, created_at);
CREATE INDEX minted_reach_of_publisher ON minted_reach (publisher_id);

-- ID tokens that were exchanged, until nobody would take them any more.
CREATE TABLE used_id_tokens (
    index_id INTEGER NOT NULL,
    issuer   TEXT    NOT NULL,
    id       BLOB    NOT NULL,
    until    INTEGER NOT NULL,
    PRIMARY KEY (index_id, issuer, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX used_id_tokens_by_end ON used_id_tokens (until);

CREATE TABLE ratchets (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    days       INTEGER,
    turned_at  INTEGER NOT NULL,
    turned_by  TEXT    NOT NULL,
    PRIMARY KEY (project_id, kind)
) STRICT, WITHOUT ROWID;

-- Files that came by trusted publishing, and the run that brought them. `attested_commit` is an attestation's where it is
-- another than the run's.
CREATE TABLE upload_runs (
    file_id         INTEGER NOT NULL PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    token           TEXT    NOT NULL,
    publisher       TEXT    NOT NULL,
    run             TEXT    NOT NULL,
    attested_commit TEXT
) STRICT;
