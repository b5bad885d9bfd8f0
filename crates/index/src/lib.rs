//! What the index does: upload, read, yank, roles, tokens, publishers; and the ports it needs.
