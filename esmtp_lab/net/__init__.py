"""The network: the two sessions on real channels, on loopback unless told otherwise in so many words.

This is the only package below the faces that knows sockets and event loops.
"""
