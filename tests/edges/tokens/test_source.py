"""Access tokens: fetched once for all who wait, renewed in time, and a replaced refresh token is never lost."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

from mailer.tokens import Grant, TokenMisconfigured, TokenRefused, TokenSource, TokenUnavailable
from mailer.tokens.keep import RefreshTokens
from tests.edges.tokens.rooms import Seconds, login
from tests.servers.tokens import CLIENT_ID, CLIENT_SECRET, Canned, TokenServer


def kept(folder: Path) -> str:
    """The refresh token in the file."""
    return str(json.loads((folder / "tokens" / "login.json").read_text(encoding="utf-8"))["refresh_token"])


async def test_a_token_is_used_until_a_minute_before_its_end(token_server: TokenServer, tmp_path: Path) -> None:
    seconds = Seconds()
    source = TokenSource(login(token_server, tmp_path), seconds=seconds)
    first = await source.token()
    seconds.now += 3539
    assert await source.token() == first
    seconds.now += 1
    assert await source.token() != first
    assert token_server.forms[0] == {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": "canary-refresh-0",
        "scope": "mail offline_access",
    }
    assert len(token_server.forms) == 2


async def test_all_who_wait_share_one_fetch(token_server: TokenServer, tmp_path: Path) -> None:
    source = TokenSource(login(token_server, tmp_path))
    assert len(set(await asyncio.gather(*(source.token() for _ in range(20))))) == 1
    assert len(token_server.forms) == 1


async def test_a_refused_token_is_not_given_again(token_server: TokenServer, tmp_path: Path) -> None:
    source = TokenSource(login(token_server, tmp_path))
    first = await source.token()
    source.refused()
    second = await source.token()
    assert second != first
    assert await source.token() == second


async def test_three_connections_refused_at_once_cost_one_fetch(token_server: TokenServer, tmp_path: Path) -> None:
    source = TokenSource(login(token_server, tmp_path))
    first = await source.token()
    renewed = asyncio.Event()

    async def early() -> str:
        assert await source.token() == first
        source.refused()
        fresh = await source.token()
        renewed.set()
        return fresh

    async def late() -> str:
        assert await source.token() == first
        await renewed.wait()
        source.refused()  # speaks of the first token, not of the one that came meanwhile
        return await source.token()

    fresh = await asyncio.gather(late(), late(), early())
    assert len({first, *fresh}) == 2
    assert len(token_server.forms) == 2


async def test_the_application_logs_in_by_itself(token_server: TokenServer, tmp_path: Path) -> None:
    source = TokenSource(login(token_server, tmp_path, grant=Grant.CLIENT_CREDENTIALS))
    assert (await source.token()).startswith("canary-access")
    assert "refresh_token" not in token_server.forms[0]
    assert not (tmp_path / "tokens").exists()
    wrong = login(token_server, tmp_path, grant=Grant.CLIENT_CREDENTIALS, client_secret=lambda: "stale")
    with pytest.raises(TokenMisconfigured, match=r"invalid_client: wrong secret.*correct oauth\.client_id"):
        await TokenSource(wrong).token()


async def test_a_replaced_refresh_token_is_kept_and_used_after_a_restart(
    token_server: TokenServer, tmp_path: Path
) -> None:
    token_server.rotates = True
    await TokenSource(login(token_server, tmp_path)).token()
    assert kept(tmp_path) == "canary-refresh-1"
    file = tmp_path / "tokens" / "login.json"
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    await TokenSource(login(token_server, tmp_path)).token()
    assert [form["refresh_token"] for form in token_server.forms] == ["canary-refresh-0", "canary-refresh-1"]
    assert kept(tmp_path) == "canary-refresh-2"
    assert not list(file.parent.glob("*.new"))


async def test_a_refresh_token_put_in_by_its_owner_wins_over_a_kept_one(
    token_server: TokenServer, tmp_path: Path
) -> None:
    token_server.rotates = True
    await TokenSource(login(token_server, tmp_path)).token()
    token_server.refresh_tokens = {"canary-refresh-new"}
    changed = login(token_server, tmp_path, first_refresh_token=lambda: "canary-refresh-new")
    await TokenSource(changed).token()
    assert token_server.forms[-1]["refresh_token"] == "canary-refresh-new"


async def test_processes_take_turns_so_that_no_token_is_used_twice(token_server: TokenServer, tmp_path: Path) -> None:
    token_server.rotates = True
    sources = [TokenSource(login(token_server, tmp_path)) for _ in range(5)]
    await asyncio.gather(*(source.token() for source in sources))
    shown = [form["refresh_token"] for form in token_server.forms]
    assert len(set(shown)) == 5
    holder = RefreshTokens(tmp_path / "tokens", "login", client_id=CLIENT_ID, first=lambda: "")
    async with holder.alone(timeout_seconds=1):
        with pytest.raises(TokenUnavailable, match="another process holds"):
            await TokenSource(login(token_server, tmp_path, timeout_seconds=0.2)).token()
    assert len(token_server.forms) == 5


async def test_a_cancelled_wait_does_not_lose_the_new_refresh_token(token_server: TokenServer, tmp_path: Path) -> None:
    token_server.refresh_tokens.add("canary-refresh-next")
    answer = {"access_token": "canary-access", "expires_in": "3600", "refresh_token": "canary-refresh-next"}
    token_server.canned.append(Canned(values=answer, wait_seconds=0.3))
    source = TokenSource(login(token_server, tmp_path))
    waiting = asyncio.create_task(source.token())
    while not token_server.forms:  # noqa: ASYNC110 -- a server in a thread
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await source.close()
    assert kept(tmp_path) == "canary-refresh-next"
    assert await source.token() == "canary-access"
    assert len(token_server.forms) == 1


async def test_a_full_disk_costs_a_login_only_when_the_process_ends(token_server: TokenServer, tmp_path: Path) -> None:
    token_server.rotates = True
    source = TokenSource(login(token_server, tmp_path))
    in_the_way = tmp_path / "tokens" / "login.new"
    in_the_way.mkdir(parents=True)
    with pytest.raises(TokenMisconfigured, match=r"refresh token cannot be kept in .*make room"):
        await source.token()
    in_the_way.rmdir()
    await source.token()
    assert [form["refresh_token"] for form in token_server.forms] == ["canary-refresh-0", "canary-refresh-1"]
    assert kept(tmp_path) == "canary-refresh-2"


async def test_a_folder_that_cannot_be_made_keeps_the_old_token_unused(
    token_server: TokenServer, tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text("a file", encoding="utf-8")
    with pytest.raises(TokenMisconfigured, match="cannot be kept"):
        await TokenSource(login(token_server, tmp_path)).token()
    assert token_server.forms == []


@pytest.mark.parametrize("text", ["{", "[]", '{"client_id": "duly-app"}', "\udcff"])
async def test_a_damaged_file_is_named_and_its_words_are_not_shown(
    token_server: TokenServer, tmp_path: Path, text: str
) -> None:
    (tmp_path / "tokens").mkdir()
    file = tmp_path / "tokens" / "login.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    file.chmod(0o600)
    with pytest.raises(TokenMisconfigured, match=r"login\.json is damaged: delete it and log in again"):
        await TokenSource(login(token_server, tmp_path)).token()


async def test_nobody_logged_in_yet_and_a_login_that_ended_need_a_person(
    token_server: TokenServer, tmp_path: Path
) -> None:
    nobody = login(token_server, tmp_path, first_refresh_token=lambda: "")
    with pytest.raises(TokenRefused, match=r"nobody has logged in at .* yet: run `duly login`"):
        await TokenSource(nobody).token()
    token_server.refresh_tokens.clear()
    with pytest.raises(TokenRefused, match=r"invalid_grant: it has been revoked\): run `duly login`"):
        await TokenSource(login(token_server, tmp_path)).token()


async def test_a_refused_refresh_token_is_shown_again_only_after_a_pause_or_a_new_login(
    token_server: TokenServer, tmp_path: Path
) -> None:
    seconds, settings = Seconds(), login(token_server, tmp_path)
    source = TokenSource(settings, seconds=seconds)
    token_server.refresh_tokens = {"canary-refresh-by-login"}
    for _ in range(20):
        with pytest.raises(TokenRefused, match="it has been revoked"):
            await source.token()
    assert len(token_server.forms) == 1
    seconds.now += 301
    with pytest.raises(TokenRefused):
        await source.token()
    assert len(token_server.forms) == 2
    anew = RefreshTokens(settings.folder, "login", client_id=CLIENT_ID, first=settings.first_refresh_token)
    anew.keep("canary-refresh-by-login")
    assert await source.token() == "canary-access-1"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Canned(status=503, text="<html>down</html>"), TokenUnavailable, r"HTTP 503\): try again later"),
        (Canned(status=500, values={"error": "server_error"}), TokenUnavailable, "HTTP 500, server_error"),
        (Canned(status=429), TokenUnavailable, "HTTP 429"),
        (Canned(status=400, values={"error": "temporarily_unavailable"}), TokenUnavailable, "try again later"),
        (Canned(status=400, values={"error": "interaction_required"}), TokenRefused, "duly login"),
        (Canned(status=400, values={"error": "invalid_scope"}), TokenMisconfigured, r"oauth\.scope"),
        (Canned(status=400, values={"error": "unauthorized_client"}), TokenMisconfigured, "allow this kind of login"),
        (Canned(status=400, values={"error": "invalid_request"}), TokenMisconfigured, r"\[oauth\]"),
        (Canned(status=404, text="not here"), TokenMisconfigured, r"HTTP 404\): check its address"),
        (Canned(status=302), TokenMisconfigured, "HTTP 302"),
        (Canned(text="[" * 100_000), TokenMisconfigured, "does not answer as a token server does"),
        (Canned(text="x" * 300_000), TokenUnavailable, "more than 262144 octets"),
        (Canned(values={"token_type": "Bearer"}), TokenMisconfigured, "no bearer token"),
        (Canned(values={"access_token": "a", "token_type": "mac"}), TokenMisconfigured, "no bearer token"),
        (Canned(values={"access_token": "a\x01auth=Bearer b"}), TokenMisconfigured, "characters that no token has"),
    ],
)
async def test_every_other_answer_is_one_of_three_kinds(
    token_server: TokenServer, tmp_path: Path, answer: Canned, kind: type[Exception], words: str
) -> None:
    token_server.canned.append(answer)
    seconds = Seconds()
    source = TokenSource(login(token_server, tmp_path), seconds=seconds)
    with pytest.raises(kind, match=words):
        await source.token()
    seconds.now += 301
    assert (await source.token()).startswith("canary-access")  # the next call asks again


async def test_silence_and_nobody_there_are_for_later(token_server: TokenServer, tmp_path: Path) -> None:
    token_server.canned.append(Canned(wait_seconds=2.0))
    with pytest.raises(TokenUnavailable, match=r"gave no token within 0\.3 s: try again later"):
        await TokenSource(login(token_server, tmp_path, timeout_seconds=0.3)).token()
    with TokenServer() as gone:
        settings = login(gone, tmp_path)
    with pytest.raises(TokenUnavailable, match="cannot be reached"):
        await TokenSource(settings).token()


@pytest.mark.parametrize(
    ("stated", "good_for_seconds"),
    [(120, 60), ("120", 60), (30, 0), (None, 540), ("soon", 540), (-5, 0), (1e30, 86340)],
)
async def test_lifetimes_as_servers_state_them(
    token_server: TokenServer, tmp_path: Path, stated: object, good_for_seconds: float
) -> None:
    token_server.lives_seconds = stated
    source = TokenSource(login(token_server, tmp_path), seconds=Seconds())
    await source.token()
    assert source.seconds_left() == good_for_seconds


async def test_a_lifetime_that_is_no_number_does_not_last_for_ever(token_server: TokenServer, tmp_path: Path) -> None:
    token_server.canned.append(Canned(text='{"access_token": "canary-access", "expires_in": NaN}'))
    source = TokenSource(login(token_server, tmp_path), seconds=Seconds())
    await source.token()
    assert source.seconds_left() == 0


@pytest.mark.parametrize("url", ["http://login.test/token", "ftp://127.0.0.1/", "login.test", "https://", "http://[::"])
def test_secrets_never_travel_in_clear(token_server: TokenServer, tmp_path: Path, url: str) -> None:
    with pytest.raises(TokenMisconfigured, match=r"oauth\.token_url is no https:// address"):
        login(token_server, tmp_path, token_url=url)
