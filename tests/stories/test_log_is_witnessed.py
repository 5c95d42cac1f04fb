"""The creditor's lawyer runs a witness: it cosigns a record that only grows, and no other."""

from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import socket
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from mailer.anchors.witness_server import MOST_CONNECTIONS
from mailer.flows.keep_witness import KEY, STATE, open_witness
from mailer.flows.log_key import NAME as LOG_KEY
from mailer.flows.log_key import name_key
from mailer.flows.trouble import troubles
from mailer.secret import SettingsError
from mailer.settings import load
from mailer.store import state
from mailer.wiring import open_app
from tests.servers.process import HOST
from tests.servers.witness import WitnessServer
from tests.stories.terminal import Terminal
from workers.jobs import Service, attempt


@pytest.fixture
def house(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path / "data")
    terminal.owe()
    return terminal


@pytest.fixture
def witness(house: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WitnessServer:
    made = WitnessServer(tmp_path / "witness")
    made.trusts(house.read("log", "checkpoint")["vkey"])
    with made:
        pass  # it has a port now
    known = [{"url": made.address.replace("//", "//duly:hunter2@"), "vkey": made.vkey}]
    monkeypatch.setenv("DULY_ANCHORS__WITNESSES", json.dumps(known))
    return made


def test_a_record_that_grows_is_cosigned_and_a_witness_that_restarts_goes_on(
    house: Terminal, witness: WitnessServer, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.checkpoint"
    with witness:
        note = house.type("log", "checkpoint", "--out", str(kept))
        assert kept.read_text("utf-8").count("\u2014 lawyer.example/w1 ") == 1, note
    with witness:
        assert house.read("log", "checkpoint")["note"].count("\u2014 ") == 2
    assert "2 cosignatures by witnesses hold" in house.type("log", "verify", "--kept", str(kept))
    assert stat.S_IMODE((witness.folder / KEY).stat().st_mode) == 0o600
    for path in house.data.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


def test_a_record_that_was_rewritten_is_not_cosigned(house: Terminal, witness: WitnessServer, tmp_path: Path) -> None:
    """Whoever has the key can sign another history; it cannot get it past somebody who saw the first."""
    other = Terminal(tmp_path / "other")
    shutil.copy(house.data / LOG_KEY, other.data / LOG_KEY)
    with witness:
        asyncio.run(_takes(other.data, house.read("log", "checkpoint")["vkey"]))
        before = (witness.folder / STATE).read_text("utf-8")
        for more in range(2):  # a shorter record, then a longer one
            assert "DISAGREES" in other.type("log", "checkpoint", code=1)
            assert "witness_disagrees" in other.type("log", "verify", "-o", "csv", code=1), more
            other.owe()
        assert (witness.folder / STATE).read_text("utf-8") == before
        house.type("log", "checkpoint")
    assert "cosignatures by witnesses hold" in house.type("log", "verify")


async def _takes(data: Path, vkey: str) -> None:
    app = open_app(load(data))
    async with app.store.transaction() as tx:
        await name_key(tx, vkey)
    await app.close()


async def _rounds(house: Terminal, witness: WitnessServer) -> tuple[dict[str, str], dict[str, str]]:
    """Two rounds without the witness, then one with it; returns the troubles after each."""
    app = open_app(load(house.data))
    service = Service(app=app, channel=app.channel())
    for _ in range(2):
        assert "cosign" in (await attempt(service, "seal") or ())
        assert await attempt(service, "cosign") == ()
    down = await troubles(app.store)
    async with app.store.transaction() as tx:
        await state.put(tx, f"witness_rests:{app.cosigner().verifiers[0].key_id.hex()}", "")
    with witness:
        await attempt(service, "cosign")
        await attempt(service, "seal")
        await attempt(service, "cosign")  # nothing but the cosignature happened since
    up = await troubles(app.store)
    await service.close()
    await app.close()
    return down, up


def test_a_witness_that_is_down_is_trouble_and_keeps_nothing_from_being_signed(
    house: Terminal, witness: WitnessServer
) -> None:
    down, up = asyncio.run(_rounds(house, witness))
    assert "gave no answer" in down["cosign"]
    assert up == {}
    said = house.type("log", "checkpoint", code=3)
    assert "gave no answer" in said
    assert house.data.name not in said
    assert "1 cosignatures by witnesses hold" in house.type("log", "verify")


ATTACKS = {
    "cosignature_missing": "DELETE FROM log_cosignatures",
    "cosignature_added": (
        "INSERT INTO log_cosignatures SELECT 'cosig_x', size, witness, asked_at, line FROM log_cosignatures"
    ),
    "cosignature_changed": "UPDATE log_cosignatures SET line = replace(line, 'lawyer', 'banker')",
    "cosignature_false": "UPDATE log_checkpoints SET note = replace(note, 'brightwater', 'whitewater')",
}


def test_what_was_done_to_a_cosignature_is_named(house: Terminal, witness: WitnessServer, tmp_path: Path) -> None:
    with witness:
        house.type("log", "checkpoint")
    whole = house.data
    for what, statement in ATTACKS.items():
        house.data = tmp_path / what
        shutil.copytree(whole, house.data)
        with closing(sqlite3.connect(house.data / "duly.sqlite3")) as database, database:
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute("DELETE FROM log_cosignatures")
            for table in ("log_cosignatures", "log_checkpoints"):
                database.execute(f"DROP TRIGGER {table}_no_update")
                database.execute(f"DROP TRIGGER {table}_no_delete")
            database.execute(statement)
        assert what in house.type("log", "verify", "-o", "csv", code=1)


def test_one_that_does_not_know_the_log_says_what_helps(house: Terminal, witness: WitnessServer) -> None:
    witness.trusts("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    with witness:
        assert "give it the public key" in house.type("log", "checkpoint", code=3)


def test_what_it_is_asked_otherwise_is_refused(witness: WitnessServer) -> None:
    with witness:
        link = http.client.HTTPConnection(HOST, witness.port, timeout=10)
        for path, body, wanted in (
            ("/add-checkpoint", b"", 400),
            ("/", b"old 0\n", 404),
            ("/add-checkpoint", b"x", 400),
        ):
            link.request("POST", path, body)
            answer = link.getresponse()
            answer.read()
            assert answer.status == wanted
        link.putrequest("POST", "/add-checkpoint")
        link.putheader("Content-Length", "9" * 30)
        link.endheaders()
        assert link.getresponse().status == 400
        link.close()


def test_a_crowd_of_connections_is_sent_away_and_the_witness_goes_on(house: Terminal, witness: WitnessServer) -> None:
    with witness:
        place = (HOST, witness.port)
        crowd = [socket.create_connection(place, timeout=10) for _ in range(MOST_CONNECTIONS)]
        with socket.create_connection(place, timeout=5) as one_more:
            assert one_more.recv(1) == b""  # closed, long before the patience with those who say nothing is over
        for one in crowd:
            one.shutdown(socket.SHUT_WR)
            assert one.recv(1) == b""
            one.close()
        house.type("log", "checkpoint")
    assert "1 cosignatures by witnesses hold" in house.type("log", "verify")


def test_one_that_forgot_what_it_saw_does_not_go_on(witness: WitnessServer, house: Terminal) -> None:
    with witness, pytest.raises(SettingsError, match="runs already"):
        open_witness(witness.folder, lambda: pytest.fail("not asked"))
    (witness.folder / STATE).unlink()
    with pytest.raises(SettingsError, match=r"witness\.state"):
        open_witness(witness.folder, lambda: pytest.fail("not asked"))
    assert "already" in house.type("witness", "init", "--data", str(witness.folder), "--name", "a", code=3)
    assert not (witness.folder / STATE).exists()
    said = house.type("witness", "init", "--data", str(witness.folder / "new"), "--name", "lawyer.example/w2")
    assert "lawyer.example/w2+" in said


@pytest.mark.parametrize("broken", ['{"x": 1}', '["x"]', "{", '{"x": "no note"}'])
def test_a_state_that_is_broken_is_told_and_left_alone(witness: WitnessServer, broken: str) -> None:
    (witness.folder / STATE).write_text(broken)
    with pytest.raises(SettingsError, match=r"witness\.state"):
        open_witness(witness.folder, lambda: pytest.fail("not asked"))
    assert (witness.folder / STATE).read_text() == broken


@pytest.mark.parametrize("place", ["8470", "127.0.0.1:", "127.0.0.1:http", ":8470", "127.0.0.1:70000"])
def test_where_it_cannot_listen_it_says_how_to_write_it(house: Terminal, witness: WitnessServer, place: str) -> None:
    said = house.type("witness", "serve", "--data", str(witness.folder), "--listen", place, code=2)
    assert "127.0.0.1:8470" in said
