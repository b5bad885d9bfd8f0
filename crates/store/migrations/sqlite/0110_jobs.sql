-- What one process does for all: whose turn it is (`fence` grows with each), until when, and when it was done last. Times are
-- microseconds by the database's clock; zero is never.
CREATE TABLE jobs (
    name       TEXT NOT NULL PRIMARY KEY,
    fence      INTEGER NOT NULL,
    held_until INTEGER NOT NULL,
    done_at    INTEGER NOT NULL
) STRICT;
