"""PIPELINING: commands may be sent in groups without waiting for each reply (RFC 2920)."""

from esmtp_lab.protocol.extension import Extension

PIPELINING = Extension(
    name="Command Pipelining",
    ehlo_keyword="PIPELINING",
    defined_in="RFC 2920",
    meaning="the client may send a group of commands without waiting; replies come in their order",
)
