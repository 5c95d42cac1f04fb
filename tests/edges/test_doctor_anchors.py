"""`duly doctor` reaches whoever vouches for the record, and uses nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailer.flows.initialise import Value
from mailer.record.note import COSIGNATURE, Signer
from tests.edges.test_doctor import edit, look, set_up
from tests.servers.dns import DnsServer
from tests.servers.process import free_port
from tests.servers.tsa import Authority, TsaServer


def test_whoever_vouches_for_the_record_is_reached_and_not_used(
    tmp_path: Path, tsa: TsaServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Signer(name="witness.example", seed=b"w" * 32, type=COSIGNATURE).verifier.line
    monkeypatch.setenv("DULY_ANCHORS__WITNESSES", json.dumps([{"url": tsa.address, "vkey": key}]))
    values: dict[str, Value] = {"anchors.tsa_url": tsa.address, "anchors.ca_file": str(authority.ca)}
    data = set_up(tmp_path / "data", values)
    found = look(data)
    assert (found["time stamps"].ok, found["witness"].ok, tsa.asked) == (True, True, [])
    assert "1 certificates count" in found["time stamps"].detail
    edit(data, str(authority.ca), str(tmp_path / "gone.pem"))
    assert "gone.pem" in look(data)["time stamps"].detail
    edit(data, str(tmp_path / "gone.pem"), "")
    assert "unverified" in look(data)["time stamps"].detail
    edit(data, f'tsa_url = "{tsa.address}"', f'tsa_url = "http://127.0.0.1:{free_port()}"')
    check = look(data)["time stamps"]
    assert (check.ok, "cannot be reached" in check.detail, "[anchors]" in check.fix) == (False, True, True)


def test_the_name_servers_that_are_named_must_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DULY_AUTHENTICATION__DKIM", "true")
    monkeypatch.setenv("DULY_AUTHENTICATION__TIMEOUT_SECONDS", "0.5")
    with DnsServer() as server:
        data = set_up(tmp_path / "data", {"authentication.name_servers": (server.address,)})
        assert look(data)["name servers"].ok
        server.silent = True
        assert "no name server answered" in look(data)["name servers"].detail
