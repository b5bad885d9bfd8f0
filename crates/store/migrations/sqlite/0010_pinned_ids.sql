-- The numbers of a publisher's repository and owner, as the first accepted attestation showed them; null until then.
ALTER TABLE publishers ADD COLUMN repository_id TEXT;
ALTER TABLE publishers ADD COLUMN owner_id TEXT;

-- How many of a file's attestations its provenance object has: those by publishers of the kinds that readers know.
ALTER TABLE files ADD COLUMN in_provenance INTEGER NOT NULL DEFAULT 0;
UPDATE files SET in_provenance = (
    SELECT count(*) FROM attestations
    WHERE file_id = files.id AND json_extract(publisher, '$.kind') IN ('GitHub', 'GitLab', 'Google', 'CircleCI')
);
