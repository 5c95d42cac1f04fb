"""The checkpoint in a mail comes back byte for byte, whatever mail programs do to lines."""

from __future__ import annotations

import textwrap

import pytest

from mailer.record.checkpoint import Checkpoint, checkpoint_of, signed
from mailer.record.mailed import mailed, note_in
from mailer.record.note import BadNote, Signer, cosigned

LOG = Signer(name="brightwater.example/duly/log_1", seed=b"1" * 32)
NEXT = Signer(name="brightwater.example/duly/log_1", seed=b"2" * 32)
HEAD = Checkpoint(origin=LOG.name, size=1234, root=b"r" * 32)
NOTE = signed(HEAD, LOG)
SUBJECT, TEXT = mailed(HEAD, NOTE, seller="Brightwater Ltd", key_sha256="ab" * 32)


def quoted(text: str) -> str:
    return "Thanks!\n\n" + "".join(f"> {line}\n" for line in text.splitlines())


def wrapped(text: str) -> str:
    return "\n".join("\n".join(textwrap.wrap(line, 60)) for line in text.splitlines())


def flowed(text: str) -> str:
    """As RFC 3676 §4.2 has it: long lines end in a blank where they go on."""
    return "\n".join(" \n".join(textwrap.wrap(line, 60)) for line in text.splitlines())


def test_the_mail_says_what_it_is_and_bears_the_note_verbatim() -> None:
    assert SUBJECT == "Checkpoint of the record of Brightwater Ltd: 1234 entries"
    for said in ("Brightwater Ltd", LOG.name, "1234", "ab" * 32, HEAD.text.splitlines()[2], "duly log verify --kept"):
        assert said in TEXT
    assert f"\n{NOTE}-----END CHECKPOINT-----\n" in TEXT


@pytest.mark.parametrize("how", [str, quoted, wrapped, flowed, lambda text: quoted(quoted(wrapped(text)))])
def test_it_is_found_again(how: object) -> None:
    assert callable(how)
    assert note_in(how(TEXT)) == NOTE
    assert note_in(how(TEXT).replace("\n", "\r\n")) == NOTE


def test_a_head_with_the_signatures_of_two_keys_keeps_both() -> None:
    both = cosigned(NOTE, NEXT)
    assert note_in(wrapped(mailed(HEAD, both, seller="B", key_sha256="")[1])) == both


def test_a_note_alone_stays_as_it_is() -> None:
    assert note_in(NOTE) == NOTE


@pytest.mark.parametrize("inside", ["", "x", "\u2014", "a\n1\nr\n\n\u2014\u2014", NOTE.replace("1234", "1235")])
def test_what_is_not_signed_is_not_made_so(inside: str) -> None:
    with pytest.raises(BadNote):
        checkpoint_of(note_in(f"-----BEGIN CHECKPOINT-----\n{inside}\n-----END CHECKPOINT-----"), LOG.verifier)
