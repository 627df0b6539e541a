"""Where accepted mail goes: kept in memory, thrown away, or stored in Maildir folders."""
