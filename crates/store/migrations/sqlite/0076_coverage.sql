-- How much of the index has provenance. All of it follows from the journal and the tables of projects, and is made anew from
-- them where there is no row in `coverage_position`.
CREATE TABLE coverage_position (
    index_id INTEGER NOT NULL PRIMARY KEY,
    serial   INTEGER NOT NULL
) STRICT;

-- What the sums below have of each project, to be taken back when it changes: a JSON array of `[day, counted as, count]`.
-- By name: a project that was deleted is still to be taken back.
CREATE TABLE project_coverage (
    index_id INTEGER NOT NULL,
    project  TEXT    NOT NULL,
    by_day   TEXT    NOT NULL,
    PRIMARY KEY (index_id, project)
) STRICT, WITHOUT ROWID;

-- `grain` is `ever`, `month` or `day`; `start` is the first day of the span, counted from 1970-01-01.
CREATE TABLE coverage (
    index_id INTEGER NOT NULL,
    grain    TEXT    NOT NULL,
    start    INTEGER NOT NULL,
    counted  TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (index_id, grain, start, counted)
) STRICT, WITHOUT ROWID;

CREATE TABLE lost_provenance (
    index_id INTEGER NOT NULL,
    project  TEXT    NOT NULL,
    version  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    had      TEXT    NOT NULL,
    PRIMARY KEY (index_id, project)
) STRICT, WITHOUT ROWID;
CREATE INDEX lost_provenance_by_time ON lost_provenance (index_id, at);
