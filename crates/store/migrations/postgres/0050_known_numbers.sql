-- The numbers behind a repository's name, as a project's publishers last showed them or its operator set them. They outlive
-- the publisher: who removes one and adds it again, or adds another of the same repository, has not seen it for the first time.
-- `name` is `Publisher::numbered`; publishers that were pinned before this table come into it when they are removed.
CREATE TABLE known_numbers (
    project_id    BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name          TEXT COLLATE "C" NOT NULL,
    repository_id TEXT COLLATE "C",
    owner_id      TEXT COLLATE "C",
    PRIMARY KEY (project_id, name)
);
