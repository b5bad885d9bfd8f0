-- What came of verifying every stored attestation again, by what was believed then: one JSON object, of the latest time.
CREATE TABLE reviews (
    index_id BIGINT NOT NULL PRIMARY KEY,
    review   TEXT COLLATE "C" NOT NULL
);
