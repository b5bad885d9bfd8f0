-- Downloads, about. `day` counts from 1970-01-01. Days come first in the keys: a batch writes where the last one did, and old
-- days are removed from the front. No foreign keys there, which would need an index by file: numbers are never used again,
-- and the rows go with their days.
CREATE TABLE downloads (
    day     BIGINT NOT NULL,
    file_id BIGINT NOT NULL,
    count   BIGINT NOT NULL,
    PRIMARY KEY (day, file_id)
);

CREATE TABLE project_downloads (
    day        BIGINT NOT NULL,
    project_id BIGINT NOT NULL,
    count      BIGINT NOT NULL,
    PRIMARY KEY (day, project_id)
);

-- Of projects that were public at the time.
CREATE TABLE public_downloads (
    index_id BIGINT NOT NULL,
    day      BIGINT NOT NULL,
    count    BIGINT NOT NULL,
    PRIMARY KEY (index_id, day)
);

CREATE TABLE download_totals (
    file_id BIGINT NOT NULL PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    count   BIGINT NOT NULL
);
