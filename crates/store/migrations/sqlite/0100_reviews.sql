-- What came of verifying every stored attestation again, by what was believed then: one JSON object, of the latest time.
CREATE TABLE reviews (
    index_id INTEGER NOT NULL PRIMARY KEY,
    review   TEXT NOT NULL
) STRICT;
