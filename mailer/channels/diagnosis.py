"""What a failed connection means, in one sentence with the fix."""

from __future__ import annotations

import socket
import ssl

import aiosmtplib

from mailer.channels.channel import ChannelError
from mailer.channels.settings import SmtpSettings
from mailer.channels.verdict import Reply
from mailer.domain.delivery import Phase


def diagnosis(fault: Exception, settings: SmtpSettings, phase: Phase) -> ChannelError:
    """Return the `ChannelError` for what connecting, TLS, the greeting or the login raised."""
    where = f"{settings.host}:{settings.port}"
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return _refused(fault, where, phase)
    root = _root(fault)
    if isinstance(root, ssl.SSLCertVerificationError):
        sentence = (
            f"the certificate of {where} is not trusted ({root.verify_message}): use the host name the certificate "
            "is made for, or give the CA's certificate as ca_file"
        )
    elif isinstance(root, ssl.SSLError):
        sentence = (
            f"{where} does not speak TLS from the first byte ({root.reason}): "
            'use port 465 with security "tls", or port 587 with "starttls"'
        )
    elif isinstance(root, socket.gaierror):
        sentence = f"the name {settings.host} is unknown ({root.strerror}): check the host name and this machine's DNS"
    elif isinstance(root, ConnectionRefusedError):
        sentence = f"nothing listens at {where} (connection refused): check host and port, and that the server runs"
    elif isinstance(fault, TimeoutError):
        sentence = (
            f"{where} did not answer within {settings.timeout_seconds:g} s: a firewall may drop the packets; "
            'port 465 speaks only security "tls"; try 465 or 587'
        )
    else:
        sentence = f"{where} cannot be used ({fault}): check host, port and security"
    return ChannelError(sentence, phase=phase)


def login_fault(settings: SmtpSettings, offered: list[str]) -> ChannelError:
    """Return the error for a server that offers no login we can do."""
    methods, wanted = ", ".join(offered) or "none at all", "a password" if settings.token is None else "an access token"
    return ChannelError(
        f"{settings.host}:{settings.port} offers no login with {wanted} (it offers {methods}): "
        'use security "tls" or "starttls", or leave the user name empty if the server wants no login',
        phase=Phase.LOGIN,
    )


def token_fault(settings: SmtpSettings, fault: Exception) -> ChannelError:
    """Return the error for a token that cannot be had; the cause is named, not quoted: it may hold secrets."""
    why = "nobody answered in time" if isinstance(fault, TimeoutError) else type(fault).__name__
    sentence = f"there is no access token for {settings.account} ({why}): try again later, or give Duly access again"
    return ChannelError(sentence, phase=Phase.LOGIN)


def _refused(fault: aiosmtplib.SMTPResponseException, where: str, phase: Phase) -> ChannelError:
    reply = Reply(code=fault.code, words=fault.message)
    final = False
    if not isinstance(fault, aiosmtplib.SMTPAuthenticationError):
        sentence = f"{where} refuses the session ({reply.text}): see the server's words, or try again later"
    elif reply.kind() == 4:  # noqa: PLR2004 -- RFC 5321 §4.2.1: not now
        sentence = f"{where} cannot check the login now ({reply.text}): try again later"
    else:
        final = reply.kind() == 5  # noqa: PLR2004 -- RFC 5321 §4.2.1: no
        sentence = (
            f"{where} refuses the user name or password ({reply.text}): correct them; "
            "providers with two-step sign-in want an app password"
        )
    return ChannelError(sentence, code=reply.known_code, reply=reply.text, phase=phase, login_refused=final)


def _root(fault: BaseException) -> BaseException:
    """Return the deepest stated cause: aiosmtplib wraps what the socket said."""
    while fault.__cause__ is not None:
        fault = fault.__cause__
    return fault
