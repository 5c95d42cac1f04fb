"""Signed notes as C2SP writes them: the known ones verify, and nothing that was touched does."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.record.note import BadKey, BadNote, Signer, exact_base64, only_by, opened, sign, signer_of, verifier_of

#: The example of Go's golang.org/x/mod/sumdb/note, which the specification was written from.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    f"{TEXT}\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
OTHER = Signer(name="witness.example", seed=b"o" * 32)


def test_the_known_note() -> None:
    signer, verifier = signer_of(PRIVATE), verifier_of(PUBLIC)
    assert signer.verifier == verifier
    assert (signer.line, verifier.line) == (PRIVATE, PUBLIC)
    assert sign(TEXT, signer) == NOTE
    assert opened(NOTE, verifier) == TEXT


def test_openssl_can_read_the_key() -> None:
    load_pem_public_key(verifier_of(PUBLIC).pem.encode())


def test_signatures_of_others_are_left_aside() -> None:
    cosigned = NOTE + sign(TEXT, OTHER).rpartition("\n\n")[2]
    assert opened(cosigned, verifier_of(PUBLIC)) == opened(cosigned, OTHER.verifier) == TEXT
    assert only_by(cosigned, verifier_of(PUBLIC)) == NOTE
    assert only_by(cosigned, OTHER.verifier) == sign(TEXT, OTHER)
    with pytest.raises(BadNote):
        only_by(NOTE, OTHER.verifier)


def test_a_text_may_hold_empty_lines() -> None:
    assert opened(sign("a\n\nb\n", OTHER), OTHER.verifier) == "a\n\nb\n"


def test_a_text_ends_in_a_newline() -> None:
    with pytest.raises(ValueError, match="newline"):
        sign("a", OTHER)


@settings(deadline=None)
@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_no_bit_can_change(bit: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises((BadNote, UnicodeDecodeError)):
        opened(raw.decode(), verifier_of(PUBLIC))


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE.replace("\u2014 ", "- "),
        NOTE.replace("PeterNeumann x", "Peter Neumann x"),
        NOTE.replace("nAM=", "nAN="),
        NOTE.replace("x08go/", "*08go/"),
        NOTE + "\u2014 + AAAAAAAA\n",
        NOTE + "\u2014 witness.example AAAA\n",
        NOTE + "\u2014 witness.example AAAAAAAA\n" * 64,
        "\x00" + NOTE,
        sign(TEXT, OTHER),
        sign(TEXT, Signer(name="PeterNeumann", seed=b"o" * 32)),
        "x" * 100_001,
    ],
)
def test_other_notes_are_refused(note: str) -> None:
    with pytest.raises(BadNote):
        opened(note, verifier_of(PUBLIC))


def test_a_false_signature_under_the_right_key_is_refused() -> None:
    verifier = verifier_of(PUBLIC)
    encoded = base64.b64encode(verifier.key_id + b"x" * 64).decode()
    with pytest.raises(BadNote, match="not one over this text"):
        opened(f"{TEXT}\n\u2014 PeterNeumann {encoded}\n", verifier)
    with pytest.raises(BadNote):
        opened(NOTE + f"\u2014 PeterNeumann {encoded}\n", verifier)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a+b",
        PUBLIC.replace("c74f20a3", "c74f20a4"),
        PUBLIC.replace("PeterNeumann", "Peter Neumann"),
        PUBLIC.replace("ARpc", "ApPc"),
        PUBLIC[:-4],
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PUBLIC + "=",
    ],
)
def test_other_keys_are_refused(line: str) -> None:
    with pytest.raises(BadKey):
        verifier_of(line)
    with pytest.raises(BadKey):
        signer_of("PRIVATE+KEY+" + line)


def test_a_public_key_is_no_private_one() -> None:
    with pytest.raises(BadKey) as told:
        signer_of(PRIVATE.replace("c74f20a3", "c74f20a4"))
    assert "AYEKF" not in str(told.value)
    with pytest.raises(BadKey):
        signer_of(PUBLIC)


@pytest.mark.parametrize("text", ["AA", "AB==", "AA==\n", "é", "A A="])
def test_base64_has_one_form(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        exact_base64(text)
    assert exact_base64("AA==") == b"\x00"
    assert hashlib.sha256(exact_base64("")).digest()
