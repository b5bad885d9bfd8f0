-- Users who are as owners of every project. A program of the previous version takes them for others.
ALTER TABLE users ADD COLUMN administrator BOOLEAN NOT NULL DEFAULT false;
