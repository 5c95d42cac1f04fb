"""Tokens from the owner's own command."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mailer.tokens import Grant, TokenMisconfigured, TokenSource, TokenUnavailable
from tests.edges.tokens.rooms import Seconds, login
from tests.servers.tokens import TokenServer


def printing(code: str) -> str:
    """A command line that runs this Python code."""
    return f"'{sys.executable}' -c \"{code}\""


async def test_a_command_gives_the_token_and_is_asked_again_after_five_minutes(
    token_server: TokenServer, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    code = f"open('{count}', 'a').write('x'); print('canary-access'); print('more')"
    seconds = Seconds()
    source = TokenSource(login(token_server, tmp_path, grant=Grant.COMMAND, command=printing(code)), seconds=seconds)
    assert await source.token() == "canary-access"
    seconds.now += 299
    await source.token()
    seconds.now += 1
    await source.token()
    assert count.read_text(encoding="utf-8") == "xx"
    assert token_server.asked == []


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        (printing("raise SystemExit(3)"), TokenUnavailable, "failed with code 3: run it by hand"),
        (printing("import time; time.sleep(60)"), TokenUnavailable, "did not end within 1 s"),
        (printing(""), TokenMisconfigured, "printed nothing"),
        (printing("print('canary two words')"), TokenMisconfigured, "characters that no token has"),
        ("/no/such/program canary", TokenMisconfigured, "cannot be run"),
        ("unbalanced 'canary", TokenMisconfigured, "cannot be run"),
    ],
)
async def test_a_command_that_fails_is_named_without_its_words(
    token_server: TokenServer, tmp_path: Path, command: str, kind: type[Exception], words: str
) -> None:
    timeout_seconds = 1.0 if "sleep" in command else 20.0
    of = login(token_server, tmp_path, grant=Grant.COMMAND, command=command, timeout_seconds=timeout_seconds)
    source = TokenSource(of)
    with pytest.raises(kind, match=words) as raised:
        await source.token()
    assert "canary" not in str(raised.value)
