"""Trying the servers for `duly doctor`: log in, look, leave. Nothing is sent, nothing is changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mailer.channels.channel import ChannelError
from mailer.channels.settings import SmtpSettings
from mailer.channels.smtp import SmtpChannel
from mailer.flows.accounts import SharedTokens, imap_settings, smtp_settings
from mailer.mailbox import MailboxError
from mailer.mailbox.imap import ImapMailbox
from mailer.mailbox.settings import ImapSettings
from mailer.settings import Imap, SettingsError, Smtp
from mailer.tokens import TokenError, TokenRefused

#: For each step of a probe; a little less than a probe's whole time, so that the step's own diagnosis comes first.
STEP_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: what was found, and what to do when it is not `ok`."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


async def check_smtp(smtp: Smtp, tokens: SharedTokens, config: Path) -> Check:
    """Connect, encrypt, log in and leave."""
    fix = f"edit [smtp] in {config}"
    if not smtp.host:
        return Check(name="smtp", ok=False, detail="no server to send through: smtp.host is empty", fix=fix)
    try:
        found = await SmtpChannel(await asyncio.to_thread(_smtp_settings, smtp, tokens)).probe()
    except (ChannelError, SettingsError) as problem:
        return Check(name="smtp", ok=False, detail=str(problem), fix=fix)
    login = f"logged in as {smtp.username} ({found.login})" if found.login else "no login"
    return Check(name="smtp", ok=True, detail=f"{found.peer}, {found.tls or 'no TLS (loopback)'}, {login}")


async def check_imap(imap: Imap, tokens: SharedTokens, address: str, config: Path) -> Check:
    """Connect, encrypt, log in, list the folders and leave."""
    fix = f"edit [imap] in {config}"
    if not imap.host:
        return Check(name="imap", ok=False, detail="no mailbox to read: imap.host is empty", fix=fix)
    try:
        found = await ImapMailbox(await asyncio.to_thread(_imap_settings, imap, tokens)).probe()
    except (MailboxError, SettingsError) as problem:
        return Check(name="imap", ok=False, detail=str(problem), fix=fix)
    there = {_folder_key(name) for name in found.folders}
    missing = [name for name in imap.folders if _folder_key(name) not in there]
    if missing:
        detail = f"no folder {', '.join(map(repr, missing))} in the mailbox; it has: {', '.join(found.folders)}"
        return Check(name="imap", ok=False, detail=detail, fix=f"correct folders in [imap] of {config}")
    login = f"logged in as {imap.username} ({'password' if imap.auth == 'password' else 'XOAUTH2'})"
    detail = f"{found.peer}, {found.tls or 'no TLS (loopback)'}, {login}, reads {', '.join(imap.folders)}"
    return Check(name="imap", ok=True, detail=detail + _plus_note(imap, address))


async def check_tokens(shared: SharedTokens, config: Path) -> Check:
    """Have an access token; the probes of SMTP and IMAP use the same one."""
    fix = f"edit [oauth] in {config}"
    try:
        tokens = shared.source()
    except SettingsError as problem:
        return Check(name="oauth", ok=False, detail=str(problem), fix=fix)
    try:
        await tokens.token()
    except TokenRefused as problem:
        return Check(name="oauth", ok=False, detail=str(problem), fix=tokens.settings.log_in_again)
    except (TokenError, SettingsError) as problem:
        return Check(name="oauth", ok=False, detail=str(problem), fix=fix)
    of, minutes = tokens.settings, tokens.seconds_left() / 60
    return Check(name="oauth", ok=True, detail=f"access token of {of.peer} by {of.grant}, used for {minutes:.0f} min")


async def check_redis(url: str, config: Path) -> Check:
    """Ask for a PONG; only `duly worker` needs it."""
    from redis.asyncio import Redis  # noqa: PLC0415 - slow to load, and only the doctor of an arq set-up needs it
    from redis.exceptions import RedisError  # noqa: PLC0415 - the same

    fix = f"start Redis, correct redis_url in [workers] of {config}, or use `duly serve`, which needs none"
    try:
        where = urlsplit(url)
        peer = f"{where.hostname}:{where.port or 6379}"
        client = Redis.from_url(url, socket_timeout=STEP_SECONDS, socket_connect_timeout=STEP_SECONDS)
    except ValueError as problem:
        return Check(name="redis", ok=False, detail=f"redis_url cannot be used: {problem}", fix=fix)
    try:
        await client.ping()
    except (RedisError, OSError) as problem:
        return Check(name="redis", ok=False, detail=f"{peer} does not answer ({problem})", fix=fix)
    finally:
        await client.aclose()
    return Check(name="redis", ok=True, detail=f"{peer} answers")


def _smtp_settings(smtp: Smtp, tokens: SharedTokens) -> SmtpSettings:
    return smtp_settings(smtp, tokens, timeout_seconds=min(STEP_SECONDS, smtp.timeout_seconds))


def _imap_settings(imap: Imap, tokens: SharedTokens) -> ImapSettings:
    return imap_settings(imap, tokens, timeout_seconds=min(STEP_SECONDS, imap.timeout_seconds))


def _folder_key(name: str) -> str:
    """Return the name to compare by: only INBOX is the same in any case (RFC 3501 §5.1)."""
    return name.upper() if name.upper() == "INBOX" else name


def _plus_note(imap: Imap, address: str) -> str:
    if not imap.plus_addressing:
        return ""
    name, _, domain = address.rpartition("@")
    return f"; whether {name}+test@{domain} arrives here too (plus_addressing) only a mail to it can show"
