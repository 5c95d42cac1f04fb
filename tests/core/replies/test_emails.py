"""Whole mails in the formats of real clients and servers, from bytes to what they say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mailer.domain.message import InboundMail
from mailer.domain.reading import Reading
from mailer.replies.keys import keys
from mailer.replies.parse import parse
from mailer.replies.reading import read
from mailer.replies.route import route
from mailer.replies.thresholds import CERTAIN
from mailer.replies.token import message_id
from mailer.replies.zones import zones
from tests.core.replies.mails import KEY, OUTBOX, PHRASES, ROOT

FOLDER = ROOT / "tests" / "emails"
REMINDER = (FOLDER / "reminder.txt").read_text("utf-8")
FILES = sorted(FOLDER.glob("*.eml"))


def read_file(path: Path, *, line_end: bytes = b"\n") -> tuple[InboundMail, Reading]:
    ours = message_id(OUTBOX, KEY, "seller.example").encode()
    raw = path.read_bytes().replace(b"{MESSAGE_ID}", ours).replace(b"\n", line_end)
    one = parse(raw)
    kind = route(one, own_addresses=("accounts@seller.example",), key=KEY)
    parts = zones(one.text, REMINDER)
    return one, read(one, parts, kind=kind, language_hint="en", country="GB", phrases=PHRASES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_a_mail_is_what_it_is(path: Path, line_end: bytes) -> None:
    wanted: dict[str, Any] = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
    one, reading = read_file(path, line_end=line_end)
    assert reading.kind.value == wanted["kind"]
    if "own" in wanted:
        assert reading.own.split() == wanted["own"].split()
    assert reading.return_on == wanted.get("return_on")
    assert reading.delegate == wanted.get("delegate")
    assert reading.failed_address == wanted.get("failed_address", "")
    assert reading.failure.startswith(wanted.get("failure", ""))
    assert [attachment.name for attachment in one.attachments if "eml" in attachment.name] == wanted.get(
        "attachments", [name for name in (a.name for a in one.attachments) if "eml" in name]
    )
    assert (OUTBOX in keys(one, KEY).outbox_ids) is wanted.get("ours", False)
    assert sorted(finding.intent.value for finding in reading.findings) == sorted(
        finding["intent"] for finding in wanted.get("finding", [])
    )
    for finding in wanted.get("finding", []):
        said = next(each for each in reading.findings if each.intent.value == finding["intent"])
        assert said.on == finding.get("on", said.on)
        assert said.reason == finding.get("reason")
        assert said.contact == finding.get("contact")
        assert (said.confidence >= CERTAIN) is finding.get("certain", said.confidence >= CERTAIN)


def test_every_mail_has_its_expectation() -> None:
    assert {path.stem for path in FILES} == {path.stem for path in FOLDER.glob("*.toml")}
    assert len(FILES) >= 15
