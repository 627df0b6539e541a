"""What may happen when: the table, the sessions that move on it, and the one event."""
