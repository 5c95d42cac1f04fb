"""What the child says of signatures is checked before it is believed: it may have been taken over by a mail."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings

from mailer.record.dkim_values import Judged, Verdict
from mailer.sandbox.sandbox import Sandbox, SandboxRefused
from mailer.sandbox.signature_values import SignaturesBroken, claims_from_plain, judged_from_plain
from tests.edges.sandbox.test_mail_values import ANYTHING

GOOD: dict[str, Any] = {
    "from_domain": "alder.example",
    "signatures": [["alder.example", "s1", ""], ["", "", "no name"]],
    "many": 2,
    "results": [],
}


def test_where_a_key_is_follows_from_the_claim_whatever_the_child_says() -> None:
    found, results = claims_from_plain(GOOD)
    assert [(one.name, one.alignment) for one in found.signatures] == [
        ("s1._domainkey.alder.example", "exact"),
        ("", "other"),
    ]
    assert results == ()


@pytest.mark.parametrize(
    "change",
    [
        {"signatures": [["localhost", "s1", ""]]},
        {"signatures": [["alder.example", "s1", "and yet a problem"]]},
        {"signatures": [["alder.example\n", "s1", ""]]},
        {"signatures": [["alder.example", "s1"]]},
        {"signatures": [["alder.example", "s1", ""]] * 6, "many": 6},
        {"many": 1},
        {"many": True},
        {"results": ["ünsafe"]},
        {"results": ["a\x1b[0m"]},
        {"from_domain": None},
    ],
)
def test_anything_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SignaturesBroken):
        claims_from_plain(GOOD | change)


@settings(max_examples=60)
@given(ANYTHING)
def test_whatever_comes_is_an_answer_or_refused(anything: Any) -> None:
    for name in ("signatures", "many", "from_domain", "results"):
        with suppress(SignaturesBroken):
            claims_from_plain(GOOD | {name: anything})
    with suppress(SignaturesBroken):
        judged_from_plain({"judged": anything}, 1)


def test_there_are_as_many_verdicts_as_were_asked_for() -> None:
    plain = {"judged": [["fail", "why", []]]}
    assert judged_from_plain(plain, 1) == (Judged(verdict=Verdict.FAIL, reason="why"),)
    for many, told in ((2, plain), (1, {"judged": [["great", "", []]]})):
        with pytest.raises(SignaturesBroken):
            judged_from_plain(told, many)


async def test_a_child_that_lies_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox()

    async def lies(task: str, raw: bytes) -> tuple[dict[str, Any], bytes]:
        return {"task": task, "size": len(raw)}, b""

    monkeypatch.setattr(sandbox, "run", lies)
    with pytest.raises(SandboxRefused):
        await sandbox.claims(b"", (), 0)
    with pytest.raises(SandboxRefused):
        await sandbox.judge(b"", [(1, "a", b"")], at=0)
