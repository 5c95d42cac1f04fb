"""From settings to a logged-in IMAP connection, or one sentence on what is wrong."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl

from mailer.mailbox.hardened import Answer, CommandFailed, ImapProtocol
from mailer.mailbox.mailbox import MailboxError, MailboxRefused, MailboxUnreachable
from mailer.mailbox.settings import ImapSettings

#: Response codes of a NO that time heals (RFC 5530); any other NO to a login or EXAMINE needs a person.
_PASSING = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[CONTACTADMIN]")
#: What is worth repeating of a refused token's explanation.
_EXPLAINING = ("status", "error", "error_description", "scope", "schemes")


async def connected(settings: ImapSettings) -> ImapProtocol:
    """Connect, encrypt, wait for the greeting and log in, all within the timeout.

    A refused token is replaced and the login tried once more, on a new connection.

    Raises:
        MailboxUnreachable: server down, silent, or temporarily unable.
        MailboxRefused: certificate not trusted, or wrong user name, password or token; what `settings.token` raises.
    """
    try:
        return await _logged_in(settings)
    except _TokenRefused:
        if settings.token_refused is not None:
            settings.token_refused()
        return await _logged_in(settings)


async def _logged_in(settings: ImapSettings) -> ImapProtocol:
    token = await settings.token() if settings.token is not None else None
    loop = asyncio.get_running_loop()
    protocol = ImapProtocol(loop)
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            await loop.create_connection(lambda: protocol, settings.host, settings.port, ssl=_tls_context(settings))
            await protocol.greeting
            answer = await _answer_to_login(protocol, settings, token)
    except (CommandFailed, OSError, ValueError) as fault:
        protocol.abort()
        raise _diagnosis(fault, settings) from fault
    except BaseException:
        protocol.abort()
        raise
    if answer.result != "OK":
        protocol.abort()
        raise _token_refused(answer, settings, protocol.explained, token) if token else _login_refused(answer, settings)
    protocol.logged_in()
    return protocol


async def _answer_to_login(protocol: ImapProtocol, settings: ImapSettings, token: str | None) -> Answer:
    idle_seconds = settings.timeout_seconds
    answer = await protocol.ask("CAPABILITY", idle_seconds=idle_seconds)
    capabilities = " ".join(response[0].decode("ascii", "replace") for response in answer.responses)
    if token is None:
        return await protocol.log_in(
            settings.username, settings.password, capabilities=capabilities, idle_seconds=idle_seconds
        )
    if "AUTH=XOAUTH2" not in capabilities.upper().split():
        raise MailboxRefused(
            f"{settings.host}:{settings.port} takes no access tokens (no AUTH=XOAUTH2): log in with a password instead"
        )
    return await protocol.log_in_with_token(settings.username, token, idle_seconds=idle_seconds)


def refusal(answer: Answer, sentence: str) -> MailboxError:
    """Return the error for a NO or BAD: `sentence`, the server's words, and who can help."""
    said = f"{sentence} ({answer.result} {answer.words})"
    if answer.result == "NO" and not any(code in answer.words.upper() for code in _PASSING):
        return MailboxRefused(said)
    return MailboxUnreachable(said)


class _TokenRefused(MailboxRefused):
    """The server does not take this token: a fresh one may do."""


def _login_refused(answer: Answer, settings: ImapSettings) -> MailboxError:
    return refusal(
        answer,
        f"{settings.host}:{settings.port} refuses the user name or password: correct them; "
        "providers with two-step sign-in want an app password",
    )


def _token_refused(answer: Answer, settings: ImapSettings, challenge: bytes, token: str) -> MailboxError:
    why = _explained(challenge)
    fault = refusal(
        answer,
        f"{settings.host}:{settings.port} refuses the access token for {settings.username}{why and f', {why}'}: "
        "check that it is for this mailbox and for IMAP, or log in again",
    )
    sentence = str(fault).replace(token, "***")  # some servers repeat what they got
    return _TokenRefused(sentence) if isinstance(fault, MailboxRefused) else MailboxUnreachable(sentence)


def _explained(challenge: bytes) -> str:
    """Return what a server says of a token it refused: JSON in base64, such as {"status":"400",…} (RFC 7628 §3.2.2)."""
    try:
        said = json.loads(base64.b64decode(challenge))
        words = [f"{name} {value}" for name, value in said.items() if name in _EXPLAINING and isinstance(value, str)]
    except (ValueError, AttributeError, RecursionError):
        return ""
    line = ", ".join(words)[:200]
    return "".join(letter if letter.isprintable() else " " for letter in line)


def _diagnosis(fault: Exception, settings: ImapSettings) -> MailboxError:
    where = f"{settings.host}:{settings.port}"
    if isinstance(fault, ssl.SSLCertVerificationError):
        return MailboxRefused(
            f"the certificate of {where} is not trusted ({fault.verify_message}): use the host name the certificate "
            "is made for, or give the CA's certificate as ca_file"
        )
    if isinstance(fault, ssl.SSLError):
        return MailboxRefused(f"{where} does not speak TLS from the first byte ({fault.reason}): use port 993")
    if isinstance(fault, ValueError):
        return MailboxRefused(f"{where} cannot be asked with this host name, user name or password: {fault}")
    if isinstance(fault, socket.gaierror):
        return MailboxUnreachable(f"the name {settings.host} is unknown ({fault.strerror}): check host name and DNS")
    if isinstance(fault, ConnectionRefusedError):
        return MailboxUnreachable(f"nothing listens at {where}: check host and port, and that the server runs")
    if isinstance(fault, TimeoutError):
        return MailboxUnreachable(
            f"{where} did not answer within {settings.timeout_seconds:g} s: check host, port (993) and firewall"
        )
    return MailboxUnreachable(f"{where} cannot be used: {fault}")


def _tls_context(settings: ImapSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as fault:
        sentence = f"the CA file {settings.ca_file} cannot be read as certificates in PEM form ({fault}): correct it"
        raise MailboxRefused(sentence) from fault
