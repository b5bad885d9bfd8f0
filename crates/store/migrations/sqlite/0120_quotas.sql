-- How many bytes the files of a project may have: NULL as the configuration says, -1 as many as it likes. A program of the previous
-- version lets all in.
ALTER TABLE projects ADD COLUMN max_bytes INTEGER;
