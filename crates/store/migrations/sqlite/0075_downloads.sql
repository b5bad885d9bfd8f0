-- Downloads, about. `day` counts from 1970-01-01. Days come first in the keys: a batch writes where the last one did, and old
-- days are removed from the front. No foreign keys there, which would need an index by file: numbers are never used again,
-- and the rows go with their days.
CREATE TABLE downloads (
    day     INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (day, file_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE project_downloads (
    day        INTEGER NOT NULL,
    project_id INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    PRIMARY KEY (day, project_id)
) STRICT, WITHOUT ROWID;

-- Of projects that were public at the time.
CREATE TABLE public_downloads (
    index_id INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (index_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE download_totals (
    file_id INTEGER NOT NULL PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    count   INTEGER NOT NULL
) STRICT;
