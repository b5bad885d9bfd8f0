-- Rendered pages whose bytes are among the blobs, so that another process or a restart need not render them again. Each is right
-- while its project is public and has that serial; one a shape, in place of the one before.
CREATE TABLE kept_pages (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    shape      TEXT COLLATE "C" NOT NULL,
    serial     BIGINT NOT NULL,
    made_by    TEXT COLLATE "C" NOT NULL,
    -- Of the page as it is, and of the bytes that are kept: the same, unless these are coded.
    plain      BYTEA NOT NULL,
    sha256     BYTEA NOT NULL,
    bytes      BIGINT NOT NULL,
    PRIMARY KEY (project_id, shape)
);

-- A sweep asks whether bytes are a page's.
CREATE INDEX kept_pages_by_digest ON kept_pages (sha256);
