"""The machine mails of `tests/emails/machine`, and the people who look like machines: read and measured.

A file holds many mails: `=== name {expected values, an inline table of TOML}`, then the mail as it arrives. `{ID}` is
the Message-ID of our reminder, `{H:address}` its headers as a mail system gives them back. Header values are encoded
(RFC 2047) and bodies put into the charset they name here, so that the files can be read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from email.header import Header
from hashlib import sha256
from typing import Any

from mailer.domain.reading import Intent, MailKind, Reading
from mailer.replies.bounce import read_bounce
from mailer.replies.keys import keys
from mailer.replies.parse import parse
from mailer.replies.reading import read
from mailer.replies.route import route
from mailer.replies.token import MARK_HEADER, message_id, message_mark
from mailer.replies.zones import zones
from tests.core.replies.mails import KEY, OUTBOX, PHRASES, REMINDER, ROOT

FOLDER = ROOT / "tests" / "emails" / "machine"
OWN = ("accounts@seller.example",)
ID = message_id(OUTBOX, KEY, "seller.example")
HEADERS = f"""From: Ellen Marsh <accounts@seller.example>
To: {{}}
Subject: Invoice INV-2041: friendly reminder
Date: Wed, 18 Nov 2026 09:00:00 +0000
Message-ID: <{ID}>
{MARK_HEADER}: {message_mark(OUTBOX, KEY)}
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8"""
FAILURES = frozenset({MailKind.BOUNCE_HARD, MailKind.BOUNCE_SOFT})


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineMail:
    """One mail and what is true of it."""

    name: str
    raw: bytes
    wanted: dict[str, Any]
    gives_id: bool

    @property
    def kind(self) -> MailKind:
        """What it is."""
        return MailKind(self.wanted["kind"])

    @property
    def is_aside(self) -> bool:
        """Whether it belongs to the third that is only scored."""
        return sha256(self.name.encode()).digest()[0] % 3 == 0


def all_mails() -> tuple[MachineMail, ...]:
    """Every mail of the folder."""
    return tuple(_mail(text) for path in sorted(FOLDER.glob("*.mails")) for text in _entries(path.read_text("utf-8")))


def _entries(text: str) -> list[str]:
    return re.split(r"(?m)^=== ", text)[1:]


def _mail(entry: str) -> MachineMail:
    first, _, content = entry.partition("\n")
    name, _, values = first.partition(" ")
    wanted = tomllib.loads(f"wanted = {values}")["wanted"]
    gives_id = "{ID}" in content or "{H:" in content
    content = re.sub(r"\{H:(.+?)\}", lambda hit: HEADERS.format(hit[1]), content.replace("{ID}", ID))
    head, gap, body = content.partition("\n\n")
    charset = re.search(r"charset=\"?(iso-8859-1)", head)
    raw = _encoded(head).encode() + gap.encode() + body.encode(charset[1] if charset else "utf-8")
    return MachineMail(name=name, raw=raw, wanted=wanted, gives_id=gives_id)


def _encoded(head: str) -> str:
    return "\n".join(
        line if line.isascii() else re.sub(r"\S*[^\x00-\x7f]+\S*", lambda hit: Header(hit[0], "utf-8").encode(), line)
        for line in head.split("\n")
    )


@dataclass(slots=True)
class Score:
    """Right and all of one figure, with the names of what was wrong."""

    right: int = 0
    all: int = 0
    wrong: tuple[str, ...] = ()

    def add(self, name: str, wanted: object, found: object) -> None:
        """Count one."""
        self.all += 1
        self.right += wanted == found
        if wanted != found:
            self.wrong += (f"{name}: {found!s} instead of {wanted!s}",)

    @property
    def share(self) -> float:
        """Right of all; 1 when there was none."""
        return self.right / self.all if self.all else 1.0


FIGURES = (
    "kind", "hard or soft", "delayed", "cause", "failed address", "code", "our message", "return date", "delegate",
    "people taken for machines", "machines read as promises",
)  # fmt: skip


def scores(mails: Iterable[MachineMail]) -> dict[str, Score]:
    """Return each figure over some mails. The last two count what must not be, as "right" when it is not."""
    found = {name: Score() for name in FIGURES}
    for one in mails:
        mail = parse(one.raw)
        kind = route(mail, own_addresses=OWN, key=KEY)
        parts = zones(mail.text, REMINDER, sender_name=mail.from_name)
        reading = read(mail, parts, kind=kind, language_hint="en", country="GB", phrases=PHRASES)
        found["kind"].add(one.name, _family(one.kind), _family(kind))
        if one.kind is MailKind.HUMAN:
            found["people taken for machines"].add(one.name, "human", kind.value)
            continue
        promises = kind is MailKind.HUMAN and any(each.intent is Intent.PROMISE for each in reading.findings)
        found["machines read as promises"].add(one.name, wanted=False, found=promises)
        if one.kind in FAILURES:
            bounce = read_bounce(mail)
            found["hard or soft"].add(one.name, one.kind.value, kind.value)
            found["delayed"].add(one.name, one.wanted.get("delayed", False), bounce is not None and bounce.delayed)
            found["cause"].add(one.name, one.wanted["cause"], bounce.cause.value if bounce else "none")
        _count_slots(one, reading, found)
        if one.kind in {*FAILURES, MailKind.COMPLAINT} and one.gives_id:
            found["our message"].add(one.name, OUTBOX, next(iter(keys(mail, KEY).outbox_ids), None))
        if "raw_id" in one.wanted:
            found["our message"].add(one.name, wanted=True, found=one.wanted["raw_id"] in keys(mail, KEY).message_ids)
    return found


def _family(kind: MailKind) -> str:
    return "bounce" if kind in FAILURES else kind.value


def _count_slots(one: MachineMail, reading: Reading, found: dict[str, Score]) -> None:
    said = reading.failure.removeprefix("delayed: ").partition(":")[0]
    if "failed" in one.wanted:
        found["failed address"].add(one.name, one.wanted["failed"], reading.failed_address)
    if one.wanted.get("code"):
        found["code"].add(one.name, one.wanted["code"], said)
    if one.kind is MailKind.AUTO_REPLY:
        if "return_on" in one.wanted or reading.return_on is not None:
            found["return date"].add(one.name, one.wanted.get("return_on"), reading.return_on)
        found["delegate"].add(one.name, one.wanted.get("delegate"), reading.delegate)
