"""Transcripts of other software, read as events.

shown       what one line of a file shows of a dialogue, and the form of a format
marked, swaks, smtplib, curl, jsonl   one format each
reading     the formats told apart, and what they show followed as events
"""
