"""The interop matrix: programs that others wrote against our server, and our client against servers of others.

``cases`` is the table of what is tried and what comes out, ``clients`` and ``servers`` are the programs. Everything is
on loopback, nothing relays. What is downloaded is kept in ``.cache``.
"""
