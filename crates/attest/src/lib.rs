//! PEP 740: attestations, provenance, publishers, and the check that ties a file to the identity that built it.
