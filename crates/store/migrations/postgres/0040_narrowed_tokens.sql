-- The public half of a token's secret: what narrowed ones are checked with. Tokens from before have none.
ALTER TABLE tokens ADD COLUMN narrowing_key BYTEA;
ALTER TABLE minted_tokens ADD COLUMN narrowing_key BYTEA;
