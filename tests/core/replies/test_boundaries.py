"""Marks in place of the names of boundaries: the parts of a mail are those that the library finds without them."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

import pytest

from mailer.replies.boundaries import with_marks, without_marks
from mailer.replies.parse import _message

_HEAD = b'Content-Type: multipart/mixed; boundary="b1"\n\nbefore\n'
_PART = b"--b1\nContent-Type: text/plain\n\n"
_NESTED = _PART.replace(b"text/plain", b"multipart/alternative; boundary=in1") + b"--in1\n\nx\n--in1--\n"


@pytest.mark.parametrize(
    "content",
    [
        _HEAD + _PART + b"hello\n--b1--\nafter\n",
        _HEAD + _PART + b"--b1x\n--b1 --\n --b1\nhello\n--b1-- \t\n",
        _HEAD + _NESTED + _PART + b"see\n--in1\nbelow\n--b1--",
        _HEAD + _PART + b"never closed\n\n",
        _HEAD.replace(b"b1", b"b1--") + _PART + b"two dashes at its end\n--b1----\n",
        _HEAD + b"--b1\nno header\n\nhello\n--b1--\n",
        _HEAD + _PART + b"a \0\0\x30\x30\0 in it\n--b1--\n",
        _HEAD.replace(b"b1", b"an odd one") + _PART.replace(b"b1", b"an odd one") + b"hello\n--an odd one--\n",
        _HEAD.replace(b'"b1"', b"b1; x=boundary=y") + _PART + b"--y\nhello\n--b1--\n",
        b"Content-Type: multipart/mixed\n\n--b1\nboundary=b1 \n\nnone is named\n",
        b"Content-Type: text/plain\n\nboundary=b1;\n--b1\nthese are words\n",
    ],
)
def test_marks_change_no_part(content: bytes) -> None:
    assert _parts(_message(content)) == _parts(BytesParser(policy=compat32).parsebytes(content))


def test_every_mail_has_the_same_marks() -> None:
    other = (_HEAD + _PART).replace(b"b1", b"b2")
    assert with_marks(_HEAD + _PART)[0].split(b"before")[1] == with_marks(other)[0].split(b"before")[1]


def test_a_name_comes_back_in_words() -> None:
    shown, marks = with_marks(_HEAD + _PART)
    assert b"\n--b1" not in shown
    assert without_marks(shown.decode(), marks) == (_HEAD + _PART).decode()


def _parts(message: Message) -> list[tuple[object, ...]]:
    return [
        (
            part.get_content_type(),
            part.items(),
            part.is_multipart() or part.get_payload(),
            list(map(type, part.defects)),
        )
        for part in message.walk()
    ]
