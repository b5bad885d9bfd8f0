//! The HTTP face: routes, extractors, pages, cache, configuration, wiring.
