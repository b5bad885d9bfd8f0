-- What a project's pages ask of every attestation at once. Unlike SQLite, PostgreSQL keeps long values apart from their rows, so the
-- keys that there are lead to all that is asked, and indexes of SQLite's half would only bound how long a reason may be.
ALTER TABLE attestations ADD COLUMN repository TEXT COLLATE "C";
