"""A token from the owner's own command: the way for everything that this client does not speak."""

from __future__ import annotations

import asyncio
import shlex

from mailer.tokens.bearer import sound_token
from mailer.tokens.errors import TokenMisconfigured, TokenUnavailable
from mailer.tokens.settings import TokenSettings


async def printed_token(settings: TokenSettings) -> str:
    """Run the command, without a shell, and return what it printed on its first line.

    Raises:
        TokenUnavailable: it failed or took too long; what it printed is not repeated.
        TokenMisconfigured: it cannot be run, or printed no token.
    """
    name = settings.peer
    try:
        words = shlex.split(settings.command)
        child = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except (OSError, ValueError) as problem:
        fault = f"the token command {name} cannot be run ({type(problem).__name__}): correct oauth.token_command"
        raise TokenMisconfigured(fault) from None
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            printed, _ = await child.communicate()
    except TimeoutError:
        fault = f"the token command {name} did not end within {settings.timeout_seconds:g} s: run it by hand"
        raise TokenUnavailable(fault) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise TokenUnavailable(f"the token command {name} failed with code {child.returncode}: run it by hand")
    token = next(iter(printed.decode("utf-8", "replace").splitlines()), "").strip()
    if not token:
        raise TokenMisconfigured(f"the token command {name} printed nothing: run it by hand")
    return sound_token(token, f"the token command {name}")
