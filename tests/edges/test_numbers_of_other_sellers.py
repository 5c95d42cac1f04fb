"""The corpus has one seller, whose numbers look like INV-2026-0412: those of others must be found as well."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from mailer.domain.ids import InvoiceId
from mailer.domain.message import Attachment, InboundMail
from mailer.flows.match_files import Shelf, match_file
from mailer.imports.world import world_from
from mailer.replies.parse import parse
from tests.corpus.show_scores import FOLDER, is_kept_aside, labels

SHAPES = (
    "2026/{}", "{}/2026", "{}/26", "FV/{}/2026", "AR/2026/11/{}", "2026-11-{}", "202611-{}", "R26{}", "10{}", "2611{}",
    "{}-BW", "KL-2026.{}", "VK 26.{}", "RE-{}",
)  # fmt: skip
#: "Concurso 418/2026" is a court's number, and would be that seller's invoice as well.
_BY_CHANCE = {("{}/2026", "MB071.eml")}
_AS_HERE = re.compile(r"INV[-_ ./]{0,2}2026[-_ ./]{0,2}(04\d\d)(?!\d)", re.IGNORECASE)


def reshaped(text: str, shape: str) -> str:
    return _AS_HERE.sub(lambda hit: shape.format(hit[1]), text)


def _attachment(one: Attachment, shape: str) -> Attachment:
    content = reshaped(one.content.decode("latin-1"), shape).encode("latin-1")
    return replace(one, name=reshaped(one.name, shape), content=content)


def of_seller(mail: InboundMail, shape: str) -> InboundMail:
    attachments = tuple(_attachment(one, shape) for one in mail.attachments)
    return replace(
        mail, text=reshaped(mail.text, shape), subject=reshaped(mail.subject, shape), attachments=attachments
    )


@cache
def mails() -> dict[str, InboundMail]:
    wanted = [label for label in labels() if not is_kept_aside(label)]
    return {one["file"]: parse((FOLDER / "eml" / one["file"]).read_bytes()) for one in wanted}


def matched(shape: str) -> dict[str, tuple[InvoiceId, ...]]:
    shelf = Shelf(world_from(reshaped((FOLDER / "world.json").read_text("utf-8"), shape).encode()))
    return {name: match_file(of_seller(mail, shape), shelf)[0].invoice_ids for name, mail in mails().items()}


@pytest.fixture(scope="module")
def as_here() -> dict[str, tuple[InvoiceId, ...]]:
    return matched("INV-2026-{}")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mail_is_about_the_same_invoices_however_they_are_numbered(
    as_here: dict[str, tuple[InvoiceId, ...]], shape: str
) -> None:
    found = matched(shape)
    other = {
        name: (ids, as_here[name])
        for name, ids in found.items()
        if set(ids) != {reshaped(one, shape) for one in as_here[name]} and (shape, name) not in _BY_CHANCE
    }
    assert other == {}
