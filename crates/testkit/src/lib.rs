//! Test server, samples, memory model of the ports, a clock that stands still. For tests only.
