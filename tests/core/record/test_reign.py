"""A head is held to the key that signed at its time; what a lost key tagged is still told apart."""

from __future__ import annotations

import pytest

from mailer.record.checkpoint import Checkpoint, checkpoint_of, signed
from mailer.record.leaf import leaf_bytes
from mailer.record.note import BadNote, Signer, cosigned
from mailer.record.reign import LearnedTags, Reign, head_by, is_given_up, reigns_of
from tests.core.record.test_leaf import LEAF

OLD, NEW = Signer(name="example.com/duly/log_1", seed=b"1" * 32), Signer(name="example.com/duly/log_1", seed=b"2" * 32)
HANDOVER = {"old_key": OLD.verifier.line, "until": 7, "given_up": "a note", "tags_lost": True}
REIGNS = (Reign(verifier=OLD.verifier, until=7, given_up="a note", tags_lost=True), Reign(verifier=NEW.verifier))


def _head(size: int) -> Checkpoint:
    return Checkpoint(origin=OLD.name, size=size, root=bytes(32))


def test_events_tell_of_the_keys_before() -> None:
    assert reigns_of([HANDOVER], NEW.verifier) == REIGNS
    for broken in ({}, {**HANDOVER, "old_key": "x"}, {**HANDOVER, "until": "x"}, {**HANDOVER, "until": None}):
        assert reigns_of([broken], NEW.verifier) == REIGNS[1:]


def test_a_head_belongs_to_the_key_that_signed_it() -> None:
    for signer, reign in ((OLD, REIGNS[0]), (NEW, REIGNS[1])):
        assert head_by(signed(_head(9), signer), REIGNS) == (_head(9), reign)
    with pytest.raises(BadNote):
        head_by(signed(_head(9), Signer(name=OLD.name, seed=b"3" * 32)), REIGNS)


def test_a_key_answers_for_what_it_signed_for_and_no_more() -> None:
    assert [is_given_up(_head(size), REIGNS[0]) for size in (7, 8)] == [False, True]
    assert not is_given_up(_head(8), REIGNS[1])


def test_both_keys_sign_one_head() -> None:
    note = cosigned(signed(_head(7), NEW), OLD)
    assert checkpoint_of(note, OLD.verifier) == checkpoint_of(note, NEW.verifier) == _head(7)
    assert head_by(note, REIGNS) == (_head(7), REIGNS[1])


def test_each_owner_has_one_tag_although_its_key_is_lost() -> None:
    tags, body = LearnedTags(), leaf_bytes(LEAF)
    assert tags.tag(body, "case_1", "cus_1") == tags.tag(body, "case_1", None) == LEAF.case_tag
    assert tags.tag(body, "case_2", "cus_1") == "of another"
    other = body.replace(b"0123456789abcdef0123456789abcdef", b"f" * 32)
    assert tags.tag(other, "case_1", None) == LEAF.case_tag
    assert tags.tag(other, None, None) == tags.tag(b"no leaf", "case_1", None) == ""
