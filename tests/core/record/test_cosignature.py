"""Cosignatures as C2SP writes them: they say when, and no touched one holds."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mailer.record.checkpoint import Checkpoint, checkpoint_of, signed
from mailer.record.cosignature import Cosignature, answered, cosign, cosignature_in
from mailer.record.note import COSIGNATURE, ED25519, BadKey, BadNote, Signer, parts_of, signer_of, verifier_of

LOG = Signer(name="example.com/duly/log_1", seed=b"1" * 32)
WITNESS = Signer(name="witness.example/w1", seed=b"w" * 32, type=COSIGNATURE)
KEY = WITNESS.verifier
HEAD = Checkpoint(origin=LOG.name, size=3, root=b"r" * 32)
AT = datetime(2023, 3, 20, 13, 32, 27, tzinfo=UTC)
LINE = cosign(HEAD.text, WITNESS, AT)


def _raw(line: str) -> bytes:
    return base64.b64decode(line.removesuffix("\n").rpartition(" ")[2])


def _with(raw: bytes) -> str:
    return f"\u2014 {WITNESS.name} {base64.b64encode(raw).decode()}\n"


def test_it_is_what_the_specification_says() -> None:
    raw = _raw(LINE)
    assert (raw[:4], raw[4:12], len(raw)) == (KEY.key_id, (1679319147).to_bytes(8, "big"), 76)
    message = b"cosignature/v1\ntime 1679319147\n" + HEAD.text.encode()
    Ed25519PublicKey.from_public_bytes(KEY.public).verify(raw[12:], message)
    assert answered(LINE, HEAD.text, KEY) == Cosignature(line=LINE, at=AT)


def test_a_head_bears_it_and_stays_the_head() -> None:
    note = signed(HEAD, LOG) + LINE
    assert checkpoint_of(note, LOG.verifier) == HEAD
    text, lines = parts_of(note)
    assert cosignature_in(lines, text, KEY).at == AT


def test_a_key_is_for_one_type_of_signature() -> None:
    assert (verifier_of(KEY.line, COSIGNATURE), signer_of(WITNESS.line, COSIGNATURE)) == (KEY, WITNESS)
    plain = Signer(name=WITNESS.name, seed=WITNESS.seed)
    assert plain.verifier.key_id != KEY.key_id
    for read, line, type_ in ((verifier_of, KEY.line, ED25519), (verifier_of, plain.verifier.line, COSIGNATURE),
                              (signer_of, plain.line, COSIGNATURE)):  # fmt: skip
        with pytest.raises(BadKey):
            read(line, type_)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "ok\n",
        LINE.removesuffix("\n"),
        cosign(HEAD.text, WITNESS, AT).replace(WITNESS.name, "witness.example/w2"),
        cosign(HEAD.text, Signer(name=WITNESS.name, seed=b"x" * 32, type=COSIGNATURE), AT),
        cosign(HEAD.text.replace("3", "4"), WITNESS, AT),
        signed(HEAD, Signer(name=WITNESS.name, seed=WITNESS.seed)).rpartition("\n\n")[2],
        _with(_raw(LINE)[:4] + _raw(cosign(HEAD.text, WITNESS, AT + timedelta(seconds=1)))[4:12] + _raw(LINE)[12:]),
        _with(_raw(LINE)[:-1]),
        _with(KEY.key_id + b"\xff" * 72),
        LINE * 65,
    ],
)
def test_another_answer_is_none(answer: str) -> None:
    with pytest.raises(BadNote):
        answered(answer, HEAD.text, KEY)


def test_no_bit_of_it_can_change() -> None:
    raw = _raw(LINE)
    for place in range(0, len(raw) * 8, 5):
        touched = bytearray(raw)
        touched[place // 8] ^= 1 << place % 8
        with pytest.raises(BadNote):
            answered(_with(bytes(touched)), HEAD.text, KEY)


def test_those_of_others_are_ignored() -> None:
    other = Signer(name="witness.example/w2", seed=b"2" * 32, type=COSIGNATURE)
    assert answered(cosign(HEAD.text, other, AT) + LINE, HEAD.text, KEY).line == LINE
