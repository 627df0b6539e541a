"""TLS: what each end of a channel needs for its handshake, and certificates that the lab makes for itself.

A client takes no certificate that does not verify, unless it is told so in so many words: without that, whoever stands
between may be the one whom it talks to (RFC 3207 section 6, RFC 8689 section 8.2).
"""

import asyncio
import ssl
from collections.abc import Iterable
from typing import NamedTuple

from esmtp_lab.errors import DataError, EsmtpLabError


class HandshakeFailed(EsmtpLabError):
    """The handshake did not come about; says why."""


class Made(NamedTuple):
    """A certificate that the lab made: what its server needs, and what a client has to be given so that it verifies."""

    context: ssl.SSLContext
    authority: bytes


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """What a server needs, from files in PEM: its certificate with those above it, and its key. Raises DataError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise DataError(f"{certificate}, {key}", f"are no certificate and its key in PEM: {reason(error)}") from None
    return context


def client_context(authority: str | bytes | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """What a client needs: who may vouch for a server, as a file or in PEM, besides whom this machine trusts.

    Raises DataError.
    """
    try:
        if authority is None:
            context = ssl.create_default_context()
        elif isinstance(authority, bytes):
            context = ssl.create_default_context(cadata=authority.decode("ascii"))
        else:
            context = ssl.create_default_context(cafile=authority)
    except (OSError, ValueError) as error:
        raise DataError(str(authority), f"is no certificate in PEM: {reason(error)}") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def made_for(names: Iterable[str]) -> Made:
    """A certificate for a server of these names and addresses, and the authority of the lab that vouches for it.

    Raises DataError where the library for it is not installed.
    """
    try:
        import trustme  # takes longer than all the rest, and nobody else needs it
    except ImportError:
        raise DataError(
            "TLS", "needs trustme for a certificate: pip install 'esmtp-lab[tls]', or name your own"
        ) from None
    authority = trustme.CA(organization_name="esmtp-lab, for this run only")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return Made(context, authority.cert_pem.bytes())


def told(channel: ssl.SSLObject | ssl.SSLSocket | None) -> str:
    """How a channel is protected, in words."""
    cipher = channel.cipher() if channel is not None else None
    return f"with {channel.version()}, {cipher[0]}" if channel is not None and cipher is not None else ""


def reason(error: BaseException) -> str:
    """What went wrong in a handshake, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate does not verify: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, TimeoutError):
        return "it took too long"
    return getattr(error, "strerror", None) or str(error) or "the other end closed the channel"


class Threshold(asyncio.Protocol):
    """Keeps what comes under TLS before its channel goes on."""

    def __init__(self) -> None:
        self.octets = b""
        self.ended = self.lost = False

    def data_received(self, data: bytes) -> None:
        """The client was quick."""
        self.octets += data

    def eof_received(self) -> None:
        """It has nothing more to say."""
        self.ended = True

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left."""
        self.lost = True
