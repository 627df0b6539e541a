"""Events written out: as a transcript that can be read back, and as JSON."""
