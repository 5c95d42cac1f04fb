"""Proving to the server who we are: one method, once. Repeated failures lock accounts."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json

import aiosmtplib

from mailer.channels.channel import ChannelError
from mailer.channels.diagnosis import login_fault, token_fault
from mailer.channels.settings import SmtpSettings
from mailer.channels.verdict import Reply
from mailer.domain.delivery import Phase

_WELCOME = 235  # RFC 4954 §6
_CHALLENGE = 334  # RFC 4954 §4


class TokenRefused(ChannelError):
    """The server refused the access token itself; a new one may do."""


async def log_in(smtp: aiosmtplib.SMTP, settings: SmtpSettings) -> str:
    """Log in with the best method that the server offers, and return its name.

    Raises:
        ChannelError: the server offers nothing that we can do, or there is no token.
        TokenRefused: the server refused the token.
        aiosmtplib.SMTPException: the server refused the password, or went away.
    """
    offered, username, password = smtp.server_auth_methods, settings.username, settings.password
    if settings.token is not None:
        if "xoauth2" not in offered:
            raise login_fault(settings, offered)
        await _xoauth2(smtp, settings, await _token(settings))
        return "XOAUTH2"
    if "plain" in offered:
        await smtp.auth_plain(username, password)
        return "PLAIN"
    if "login" in offered:
        await smtp.auth_login(username, password)
        return "LOGIN"
    if "cram-md5" in offered:
        await smtp.auth_crammd5(username, password)
        return "CRAM-MD5"
    raise login_fault(settings, offered)


async def _token(settings: SmtpSettings) -> str:
    assert settings.token is not None  # noqa: S101 -- for the type checker; the caller looked
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            return await settings.token()
    except ChannelError as fault:
        fault.phase = Phase.LOGIN
        raise
    except Exception as fault:  # the hook is a stranger's, and a delivery must not raise for it
        raise token_fault(settings, fault) from fault


async def _xoauth2(smtp: aiosmtplib.SMTP, settings: SmtpSettings, token: str) -> None:
    """Do AUTH XOAUTH2 (Google's format of RFC 7628): a refusal may come as a challenge that holds JSON."""
    secret = f"user={settings.username}\x01auth=Bearer {token}\x01\x01".encode()
    answer = await smtp.execute_command(b"AUTH", b"XOAUTH2", base64.b64encode(secret))
    reason = ""
    if answer.code == _CHALLENGE:
        reason = _decoded(answer.message)
        answer = await smtp.execute_command(b"")  # the empty line asks for the refusal itself
    if answer.code == _WELCOME:
        return
    reply = Reply(code=answer.code, words=answer.message)
    if not reason and reply.kind() != 5:  # noqa: PLR2004 -- RFC 5321 §4.2.1: no. Anything else is "not now"
        raise aiosmtplib.SMTPAuthenticationError(answer.code, answer.message)
    said = f"{reply.text} ({reason})" if reason else reply.text
    sentence = (
        f"{settings.host}:{settings.port} refuses the access token of {settings.username} ({said}): give Duly access "
        "again, and check that this user may send by SMTP"
    )
    raise TokenRefused(sentence, code=reply.known_code, reply=said, phase=Phase.LOGIN, login_refused=True)


def _decoded(challenge: str) -> str:
    """Return the server's reason out of base64 and JSON, as it came when it is neither."""
    try:
        plain = base64.b64decode(challenge, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return Reply(code=_CHALLENGE, words=challenge).text
    try:
        values = json.loads(plain)
    except ValueError:
        values = None
    if isinstance(values, dict):
        plain = ", ".join(f"{name} {value}" for name, value in values.items())
    return " ".join(plain[:500].split())
