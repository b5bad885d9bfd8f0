//! The index's ports made real: SQLite and disk.
