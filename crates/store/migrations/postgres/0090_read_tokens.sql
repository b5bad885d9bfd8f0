-- Tokens for reading alone. Not in `tokens`: a program of the previous version would take them for tokens that upload, and so
-- takes them for none. With `every_project` 0 a token is for the projects named, and for none once all of those are deleted.
CREATE TABLE read_tokens (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    index_id      BIGINT NOT NULL,
    hash          BYTEA NOT NULL,
    narrowing_key BYTEA,
    user_id       BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    every_project BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT,
    revoked_at    BIGINT
);
CREATE INDEX read_tokens_of_user ON read_tokens (user_id, created_at);

CREATE TABLE read_token_projects (
    token_id   TEXT COLLATE "C" NOT NULL REFERENCES read_tokens (id) ON DELETE CASCADE,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, project_id)
);
CREATE INDEX read_tokens_of_project ON read_token_projects (project_id);
