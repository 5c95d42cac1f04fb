from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import new_id
from mailer.domain.ids import OutboxId
from mailer.replies.token import (
    message_id,
    outbox_of_message_id,
    reply_address,
    reply_token,
    tokens_in,
    tokens_in_text,
    verify,
)
from tests.core.replies.mails import KEY, OUTBOX, mail


def test_a_token_brings_back_its_message_in_any_case() -> None:
    token = reply_token(OUTBOX, KEY)
    assert token == token.lower()
    assert len(token) == 32
    assert verify(token, KEY) == verify(token.upper(), KEY) == OUTBOX


def test_a_fresh_id_fits() -> None:
    fresh = OutboxId(new_id("out"))
    assert verify(reply_token(fresh, KEY), KEY) == fresh
    assert outbox_of_message_id(message_id(fresh, KEY, "seller.example"), KEY) == fresh


@given(st.integers(0, 31), st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"))
def test_one_changed_character_is_a_forgery(place: int, char: str) -> None:
    token = reply_token(OUTBOX, KEY)
    forged = token[:place] + char + token[place + 1 :]
    assert verify(forged, KEY) == (OUTBOX if forged == token else None)


@pytest.mark.parametrize("token", ["", "x", "é" * 32, "0" * 32, "0" * 33, " " + "0" * 31])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert verify(token, KEY) is None


def test_another_key_signs_nothing_of_ours() -> None:
    assert verify(reply_token(OUTBOX, b"other"), KEY) is None
    assert outbox_of_message_id(message_id(OUTBOX, b"other", "seller.example"), KEY) is None


def test_the_signature_of_a_token_is_none_of_a_message_id() -> None:
    token = reply_token(OUTBOX, KEY)
    assert outbox_of_message_id(f"duly.{token[:16]}.{token[16:]}@seller.example", KEY) is None


def test_our_message_id_is_known_with_brackets_in_capitals_and_at_another_domain() -> None:
    ours = message_id(OUTBOX, KEY, "seller.example")
    assert ours.endswith("@seller.example")
    rewritten = ours.partition("@")[0].upper() + "@relay.example"
    assert outbox_of_message_id(f"<{ours}>", KEY) == outbox_of_message_id(rewritten, KEY) == OUTBOX
    assert outbox_of_message_id("someone@else.example", KEY) is None


def test_an_id_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="no outbox id"):
        reply_token(OutboxId("out_1"), KEY)


@pytest.mark.parametrize(
    ("mailbox", "plus", "address"),
    [
        ("accounts@seller.example", True, "accounts+d{token}@seller.example"),
        ("accounts@seller.example", False, "accounts@seller.example"),
        ("a" * 40 + "@seller.example", True, "a" * 40 + "@seller.example"),  # would pass 64 characters
    ],
)
def test_the_reply_address(mailbox: str, plus: bool, address: str) -> None:  # noqa: FBT001 - a table's column
    token = reply_token(OUTBOX, KEY)
    assert reply_address(mailbox, token, plus=plus) == address.format(token=token)


def test_tokens_are_found_in_every_address_header() -> None:
    token = reply_token(OUTBOX, KEY)
    address = f"accounts+d{token}@seller.example"
    assert tokens_in(mail(recipients=(address,))) == (token,)
    assert tokens_in(mail(reply_to=(address,))) == (token,)
    assert tokens_in(mail(headers=(("x-forwarded-to", f"<{address.upper()}>"),))) == (token,)
    assert tokens_in(mail(headers=(("x-mailer", address),))) == ()
    assert tokens_in(mail(recipients=("accounts@seller.example",))) == ()
    assert tokens_in_text(f"Reply-To: {address}\nTo: {address}") == (token,)
