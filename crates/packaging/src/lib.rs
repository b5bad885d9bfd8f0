//! Python's package formats as values: names, versions, filenames, digests, core metadata, archives and the Simple API.
