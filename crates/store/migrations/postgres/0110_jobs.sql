-- What one process does for all: whose turn it is (`fence` grows with each), until when, and when it was done last. Times are
-- microseconds by the database's clock; zero is never.
CREATE TABLE jobs (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fence      BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    done_at    BIGINT NOT NULL
);

-- Only here: each change says that there is news, when it commits. Whoever listens reads the journal; who does not is told by
-- nobody and asks from time to time. The lock that the trigger holds until the commit has ended is the one that commits with a
-- notification wait for each other by anyway.
CREATE OR REPLACE FUNCTION journal_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    next BIGINT;
BEGIN
    PERFORM pg_advisory_xact_lock(1953497093, 0);
    SELECT coalesce(max(serial), 0) + 1 INTO next FROM journal;
    INSERT INTO journal (serial, index_id, at, actor, request, action, project, details)
        VALUES (next, NEW.index_id, NEW.at, NEW.actor, NEW.request, NEW.action, NEW.project, NEW.details);
    UPDATE projects SET serial = next, display = coalesce(NEW.display, display) WHERE id = NEW.shows_on;
    DELETE FROM journal_waiting WHERE id = NEW.id;
    PERFORM pg_notify('touchplate_journal', '');
    RETURN NULL;
END
$$;
