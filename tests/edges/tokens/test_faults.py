"""A token server whose link is lost anywhere, or that is not who it says: no hang, no half a token, no secret told."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.channels import ChannelError
from mailer.flows.accounts import SharedTokens, imap_settings, smtp_settings
from mailer.flows.initialise import Value
from mailer.mailbox import MailboxRefused, MailboxUnreachable
from mailer.settings import SettingsError, load
from mailer.tokens import TokenMisconfigured, TokenSource, TokenUnavailable
from mailer.tokens.endpoint import blotted
from tests.edges.tokens.rooms import login
from tests.edges.tokens.test_commands import set_up
from tests.faults.proxy import Cut, How, cut_proxy
from tests.servers.dovecot import make_certificate
from tests.servers.process import HOST
from tests.servers.tokens import Canned, TokenServer


@pytest.mark.parametrize("how", [How.CLOSE, How.RESET])
@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_link_lost_at_any_byte_is_for_later_and_the_next_call_succeeds(
    token_server: TokenServer, tmp_path: Path, direction: str, how: How
) -> None:
    async with cut_proxy(HOST, token_server.port) as (host, port, proxy):
        settings = login(token_server, tmp_path, token_url=f"http://{host}:{port}/token")
        assert (await TokenSource(settings).token()).startswith("canary-access")
        whole = proxy.up if direction == "up" else proxy.down
    for at in range(0, whole, 29):
        async with cut_proxy(HOST, token_server.port, Cut(at=at, direction=direction, how=how)) as (host, port, _):
            source = TokenSource(login(token_server, tmp_path, token_url=f"http://{host}:{port}/token"))
            with pytest.raises(TokenUnavailable, match=r"cannot be reached .*try again later"):
                await source.token()
            assert (await source.token()).startswith("canary-access")


async def test_an_answer_that_stops_in_the_middle_ends_with_the_deadline(
    token_server: TokenServer, tmp_path: Path
) -> None:
    async with cut_proxy(HOST, token_server.port, Cut(at=150, direction="down", how=How.STALL)) as (host, port, _):
        url = f"http://{host}:{port}/token"
        with pytest.raises(TokenUnavailable, match=r"gave no token within 0\.5 s"):
            await TokenSource(login(token_server, tmp_path, token_url=url, timeout_seconds=0.5)).token()


async def test_a_server_with_a_certificate_of_its_own_making_is_told_nothing(
    token_server: TokenServer, tmp_path: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(make_certificate(tmp_path), tmp_path / "key.pem")
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)

    class Quiet(HTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing of the handshake that the client broke off."""

    server = Quiet((HOST, 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        url = f"https://localhost:{server.server_address[1]}/token"
        with pytest.raises(TokenMisconfigured, match=r"certificate of localhost:.* is not trusted"):
            await TokenSource(login(token_server, tmp_path, token_url=url)).token()
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
    assert asked == []


async def test_a_kept_token_that_others_may_read_is_not_used(token_server: TokenServer, tmp_path: Path) -> None:
    token_server.rotates = True
    await TokenSource(login(token_server, tmp_path)).token()
    (tmp_path / "tokens" / "login.json").chmod(0o644)
    with pytest.raises(SettingsError, match=r"others may read it: run `chmod 600 .*login\.json`"):
        await TokenSource(login(token_server, tmp_path)).token()


LETTERS = st.text("abcdefABCDEF0123456789-._~+/=%&", min_size=8, max_size=40)
WORDS = st.lists(st.sampled_from(["said ", "refresh_token ", ": ", "“", "\n", "x" * 150]), min_size=1)


@given(LETTERS, LETTERS, WORDS, st.sampled_from([str, quote_plus]))
def test_a_secret_that_a_server_repeats_is_blotted_out(
    one: str, other: str, words: list[str], spelled: Callable[[str], str]
) -> None:
    form = {"refresh_token": one, "client_secret": other}
    said = blotted("".join(f"{word}{spelled(one)} {spelled(other)}" for word in words), form)
    harmless = blotted("".join(f"{word}*** ***" for word in words), {})
    assert said == harmless
    assert len(said) <= 160


async def test_each_server_hears_of_a_missing_token_in_its_own_words(tmp_path: Path, token_server: TokenServer) -> None:
    values: dict[str, Value] = {"oauth.client_id": "duly-app", "oauth.token_url": f"{token_server.address}/token"}
    for part in ("smtp", "imap"):
        values |= {f"{part}.auth": "oauth", f"{part}.host": "localhost", f"{part}.username": "billing@duly.test"}
        values[f"{part}.password_command"] = "/no/such/program"  # not run: there is no password to ask for
    settings = load(await asyncio.to_thread(set_up, tmp_path / "data", values))
    tokens = SharedTokens(settings)
    smtp, imap = smtp_settings(settings.smtp, tokens), imap_settings(settings.imap, tokens)
    assert smtp.token is not None
    assert imap.token is not None
    assert (smtp.password, imap.password) == ("", "")
    with pytest.raises(ChannelError, match="nobody has logged in"):
        await smtp.token()
    with pytest.raises(MailboxRefused, match="nobody has logged in"):
        await imap.token()
    client = replace(tokens.source().settings, first_refresh_token=lambda: "canary-refresh-0")
    tokens._source = TokenSource(client)
    smtp, imap = smtp_settings(settings.smtp, tokens), imap_settings(settings.imap, tokens)
    token_server.canned.extend([Canned(status=503)] * 2)
    assert smtp.token is not None
    assert imap.token is not None
    with pytest.raises(ChannelError, match="try again later"):
        await smtp.token()
    with pytest.raises(MailboxUnreachable, match="try again later"):
        await imap.token()
    assert await smtp.token() == await imap.token() == "canary-access-1"
