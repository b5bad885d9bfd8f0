-- What a project's pages ask of every release and attestation at once. Descriptions and attestations are long and stand before
-- these columns in their rows; the indexes hold everything that is asked, so that nobody walks through the long ones.
ALTER TABLE attestations ADD COLUMN repository TEXT;
UPDATE attestations SET repository = json_extract(record, '$.claims.source_repository_uri');
CREATE INDEX attestations_builders ON attestations (file_id, publisher, san, repository);
CREATE INDEX releases_listed ON releases (project_id, version, created_at, yanked, yanked_reason);
