-- How much of the index has provenance. All of it follows from the journal and the tables of projects, and is made anew from
-- them where there is no row in `coverage_position`.
CREATE TABLE coverage_position (
    index_id BIGINT NOT NULL PRIMARY KEY,
    serial   BIGINT NOT NULL
);

-- What the sums below have of each project, to be taken back when it changes: a JSON array of `[day, counted as, count]`.
-- By name: a project that was deleted is still to be taken back.
CREATE TABLE project_coverage (
    index_id BIGINT NOT NULL,
    project  TEXT COLLATE "C" NOT NULL,
    by_day   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (index_id, project)
);

-- `grain` is `ever`, `month` or `day`; `start` is the first day of the span, counted from 1970-01-01.
CREATE TABLE coverage (
    index_id BIGINT NOT NULL,
    grain    TEXT COLLATE "C" NOT NULL,
    start    BIGINT NOT NULL,
    counted  TEXT COLLATE "C" NOT NULL,
    count    BIGINT NOT NULL,
    PRIMARY KEY (index_id, grain, start, counted)
);

CREATE TABLE lost_provenance (
    index_id BIGINT NOT NULL,
    project  TEXT COLLATE "C" NOT NULL,
    version  TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    had      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (index_id, project)
);
CREATE INDEX lost_provenance_by_time ON lost_provenance (index_id, at);
