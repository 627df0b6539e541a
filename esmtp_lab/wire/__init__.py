"""Octets ↔ values. Nothing here remembers anything but what is still to be framed."""
