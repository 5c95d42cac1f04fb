"""`duly log stamp` and the service have the record's time stamped, as a credit controller sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.settings import load
from mailer.store import events, state
from mailer.wiring import open_app
from tests.servers.tsa import Authority, TsaServer
from tests.stories.terminal import Terminal
from workers.jobs import Service, attempt


@pytest.fixture
def house(tmp_path: Path, tsa: TsaServer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path / "data")
    terminal.owe()
    address = tsa.address.replace("http://", "http://ap:hunter2@")
    monkeypatch.setenv("DULY_ANCHORS__TSA_URL", address)
    monkeypatch.setenv("DULY_ANCHORS__CA_FILE", str(authority.ca))
    yield terminal
    for path in terminal.data.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


def test_it_is_stamped_at_will_and_checked(house: Terminal, tsa: TsaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "stamped the log" in house.type("log", "stamp")
    done = house.read("log", "stamp")
    assert (done["unverified"], done["size"]) == ("", house.read("log", "checkpoint")["size"] - 1)
    assert "tsa" not in house.type("log", "stamp", "-o", "csv").splitlines()[0]
    assert "3 time stamps by a third party hold" in house.type("log", "verify")
    monkeypatch.setenv("DULY_ANCHORS__CA_FILE", "")
    assert "The stamp is kept, and unverified" in house.type("log", "stamp")
    assert "4 time stamps cannot be judged here" in house.type("log", "verify")
    tsa.says = lambda _: (500, b"")
    assert "nothing was kept" in house.type("log", "stamp", code=3)
    monkeypatch.setenv("DULY_ANCHORS__TSA_URL", "")
    assert "anchors.tsa_url" in house.type("log", "stamp", code=2)


@pytest.mark.parametrize("content", [None, "", "rubbish"])
def test_a_file_of_authorities_that_is_none_costs_no_stamp(
    house: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    monkeypatch.setenv("DULY_ANCHORS__CA_FILE", str(path))
    assert "ca.pem" in house.type("log", "stamp").replace("\n", "")


@pytest.mark.parametrize("address", ["ftp://stamps.example/", "stamps.example", "http://", "http://x:99999/"])
def test_an_address_that_is_none_is_refused(house: Terminal, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DULY_ANCHORS__TSA_URL", address)
    assert "anchors" in house.type("log", "verify", code=3)


async def _rounds(data: Path, tsa: TsaServer) -> list[str]:
    """Seal and stamp with a server that fails and then comes back; returns the types of what was recorded."""
    app = open_app(load(data))
    service = Service(app=app, channel=app.channel())
    good = tsa.says
    tsa.says = lambda _: (503, b"")
    for _ in range(3):
        assert await attempt(service, "seal") == ("stamp", "cosign")
        assert await attempt(service, "stamp") == ()
    async with app.store.transaction() as tx:
        await state.put(tx, "stamp_rests", "")
    tsa.says = good
    await attempt(service, "stamp")
    async with app.store.reading() as tx:
        told = [one.type for one in await events.listing(tx)]
    await service.close()
    await app.close()
    return [one for one in told if one.startswith(("anchor.", "job."))]


def test_a_server_that_fails_is_told_once_and_keeps_nothing_from_being_sealed(house: Terminal, tsa: TsaServer) -> None:
    house.type("log", "checkpoint")
    told = asyncio.run(_rounds(house.data, tsa))
    assert sorted(told) == ["anchor.obtained", "job.failed", "job.recovered"]
    assert len(tsa.asked) == 2


def test_a_case_goes_out_with_stamps(house: Terminal, tmp_path: Path, authority: Authority) -> None:
    made = house.read("case", "export", "K1", "--out", str(tmp_path / "cases"))
    said = house.type("case", "verify", made["path"], "--tsa-ca", str(authority.ca))
    assert "1 time stamps by whom you trust" in said
    assert "--tsa-ca FILE" in house.type("case", "verify", made["path"])
