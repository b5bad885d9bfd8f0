-- Only here: how far ahead of its even pace a caller of the stack is, counted for all processes. SQLite serves one process, which counts in memory.
-- Unlogged: nothing of it is worth keeping when PostgreSQL was killed, and no request waits for a disk.
CREATE UNLOGGED TABLE allowances (
    -- SHA-256 of who it is, which may be long.
    who BYTEA NOT NULL PRIMARY KEY,
    -- When the caller is back at its pace: microseconds since 1970, by the database's clock. In the past, the row means nothing.
    until BIGINT NOT NULL
);
