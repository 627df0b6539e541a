"""The rule book: what the standards ask for, as data, and the annotator that cites it."""
