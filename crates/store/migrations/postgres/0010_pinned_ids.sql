-- The numbers of a publisher's repository and owner, as the first accepted attestation showed them; null until then.
ALTER TABLE publishers ADD COLUMN repository_id TEXT COLLATE "C";
ALTER TABLE publishers ADD COLUMN owner_id TEXT COLLATE "C";
