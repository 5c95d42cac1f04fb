from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.message import Attachment, InboundMail
from mailer.sandbox.frames import LENGTHS, MAX_BODY_BYTES, FrameBroken, head_of, lengths, packed
from mailer.sandbox.mail_values import MailBroken, mail_from_plain, mail_to_plain

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
LISTS = st.lists(WORDS, max_size=3).map(tuple)
OFFSETS = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
MAILS = st.builds(
    InboundMail,
    message_id=WORDS,
    in_reply_to=LISTS,
    references=LISTS,
    from_email=WORDS,
    from_name=WORDS,
    reply_to=LISTS,
    recipients=LISTS,
    subject=WORDS,
    sent_at=st.none() | st.datetimes(datetime(1990, 1, 2), timezones=OFFSETS),  # noqa: DTZ001 - the strategy adds zones
    text=WORDS,
    headers=st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
    attachments=st.lists(
        st.builds(Attachment, name=WORDS, media_type=WORDS, content=st.binary(max_size=30)), max_size=3
    ).map(tuple),
    report=WORDS,
    defects=LISTS,
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PLAIN, CONTENTS = mail_to_plain(
    InboundMail(
        message_id="x@a.example",
        in_reply_to=("y@b.example",),
        references=(),
        from_email="tom@alder.example",
        from_name="Tom",
        reply_to=(),
        recipients=("accounts@seller.example",),
        subject="Re: INV-1",
        sent_at=datetime(2026, 11, 18, 10, tzinfo=UTC),
        text="We paid.",
        headers=(("from", "Tom"),),
        attachments=(Attachment(name="a.pdf", media_type="application/pdf", content=b"%PDF"),),
    )
)


@given(MAILS)
@settings(max_examples=200, deadline=None)
def test_a_mail_comes_back_as_it_went(mail: InboundMail) -> None:
    plain, contents = mail_to_plain(mail)
    frame = packed({"value": plain}, contents)
    head, body = lengths(frame[: LENGTHS.size])
    assert len(frame) == LENGTHS.size + head + body
    returned = head_of(frame[LENGTHS.size : LENGTHS.size + head])["value"]
    assert mail_from_plain(returned, frame[LENGTHS.size + head :]) == mail


@given(st.sampled_from(sorted(PLAIN)), ANYTHING)
@settings(max_examples=400, deadline=None)
def test_an_answer_with_anything_in_a_field_is_a_mail_or_refused(name: str, instead: object) -> None:
    try:
        mail = mail_from_plain({**PLAIN, name: instead}, CONTENTS)
    except MailBroken:
        return
    assert mail_from_plain(*mail_to_plain(mail)) == mail


@pytest.mark.parametrize(
    "change",
    [
        {"text": "a\x00b"},
        {"subject": "\ud800"},
        {"sent_at": "2026-11-18T10:00:00"},
        {"headers": [["from"]]},
        {"attachments": [["a.pdf", "application/pdf", -1]]},
        {"attachments": [["a.pdf", "application/pdf", True]]},
        {"attachments": [["a.pdf", "application/pdf", 3]]},
        {"attachments": [["a.pdf", "application/pdf", 5]]},
        {"references": "a@b"},
    ],
)
def test_what_no_parser_of_ours_says_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(MailBroken):
        mail_from_plain({**PLAIN, **change}, CONTENTS)


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(MailBroken):
        mail_from_plain({"text": "hi"}, b"")


def test_no_length_is_believed_and_no_head_is_more_than_values() -> None:
    with pytest.raises(FrameBroken):
        lengths(LENGTHS.pack(10, MAX_BODY_BYTES + 1))
    for written in (b"[1]", b"{", b"[" * 100_000, json.dumps("x").encode(), b"\xff"):
        with pytest.raises(FrameBroken):
            head_of(written)
