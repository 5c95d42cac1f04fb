"""Trying, for `duly doctor`, whoever vouches for the record from outside: nothing is stamped, cosigned or asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from mailer.flows.check_servers import STEP_SECONDS, Check
from mailer.flows.trusted_file import trusted_in
from mailer.nameserver import NameServer
from mailer.sections import Anchors, Authentication
from mailer.settings import SettingsError

_PORTS = {"http": 80, "https": 443}
_NO_AUTHORITY = "; anchors.ca_file is empty: anybody could have signed its stamps, they stay unverified"


async def check_anchors(anchors: Anchors, config: Path) -> Sequence[Check]:
    """Connect to the time-stamp server and each witness, and read the authority's certificates; [] when none is set."""
    found = await asyncio.gather(*(_reached(one.url, "witness", config) for one in anchors.witnesses))
    return [await _time_stamps(anchors, config), *found] if anchors.tsa_url else found


async def _time_stamps(anchors: Anchors, config: Path) -> Check:
    try:
        trusted = await asyncio.to_thread(trusted_in, anchors.ca_file)
    except SettingsError as problem:
        fix = f"correct ca_file in [anchors] of {config}"
        return Check(name="time stamps", ok=False, detail=str(problem), fix=fix)
    check = await _reached(anchors.tsa_url, "time stamps", config)
    if not check.ok:
        return check
    more = f", {len(trusted)} certificates count" if trusted else _NO_AUTHORITY
    return Check(name=check.name, ok=True, detail=check.detail + more)


async def _reached(url: str, name: str, config: Path) -> Check:
    """Open a connection and close it: a stamp may cost money, and a witness remembers."""
    where = urlsplit(url)
    port = where.port or _PORTS[where.scheme]
    peer = f"{where.hostname}:{port}"
    try:
        async with asyncio.timeout(STEP_SECONDS):
            _, writer = await asyncio.open_connection(where.hostname, port)
        writer.close()
    except (OSError, TimeoutError, UnicodeError) as problem:
        why = f"no answer within {STEP_SECONDS:g} s" if isinstance(problem, TimeoutError) else problem
        fix = f"correct its address in [anchors] of {config}, or wait: sending goes on without it"
        return Check(name=name, ok=False, detail=f"{peer} cannot be reached: {why}", fix=fix)
    return Check(name=name, ok=True, detail=f"{peer} can be reached")


async def check_names(asked: Authentication, config: Path) -> Sequence[Check]:
    """Ask the name servers that the settings name, [] when they name none, for a name that never exists (RFC 6761)."""
    if not (asked.dkim and asked.name_servers):
        return []
    seconds = min(STEP_SECONDS, asked.timeout_seconds)
    txt = await NameServer(servers=asked.name_servers, timeout_seconds=seconds).txt("invalid")
    if txt.is_final:
        return [Check(name="name servers", ok=True, detail=f"{', '.join(asked.name_servers)} answer")]
    fix = f"correct name_servers in [authentication] of {config}, or leave it empty for those of the system"
    return [Check(name="name servers", ok=False, detail=txt.problem, fix=fix)]
