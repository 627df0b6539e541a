"""Transcripts of other software, read as events."""
