-- Logs: heads, leases, and whatever is not in full tiles yet. Full tiles are files.

CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- The lease: who sequences, how often it changed hands, how often its holder committed, whether another waits.
    holder TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    beat INTEGER NOT NULL DEFAULT 0,
    wanted INTEGER NOT NULL DEFAULT 0,
    -- The head; null before the first checkpoint.
    size INTEGER,
    root BLOB,
    note TEXT,
    -- Entries below are in files and have no rows in `entries` and `hashes`.
    exported INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE entries (
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;

-- Hash tiles, as many hashes as there are.
CREATE TABLE hashes (
    log INTEGER NOT NULL,
    level INTEGER NOT NULL,
    tile INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (log, level, tile)
) STRICT, WITHOUT ROWID;

-- When the entries of a tile came: microseconds since 1970, eight bytes each, big-endian.
CREATE TABLE times (
    log INTEGER NOT NULL,
    tile INTEGER NOT NULL,
    times BLOB NOT NULL,
    PRIMARY KEY (log, tile)
) STRICT, WITHOUT ROWID;

-- What entries are found by: the first 63 bits of leaf hashes and of search keys. The generation (idx >> 16) stands in
-- front, so that new rows fall into the same few pages however long the log is.
CREATE TABLE leaves (
    log INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    prefix INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (log, generation, prefix, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE search (
    log INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    prefix INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (log, generation, prefix, idx)
) STRICT, WITHOUT ROWID;

-- Which generations cannot have a leaf: a Bloom filter for each that is complete.
CREATE TABLE filters (
    log INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    bits BLOB NOT NULL,
    PRIMARY KEY (log, generation)
) STRICT, WITHOUT ROWID;
