"""Heads and proofs as C2SP writes them: they carry what they say, and no touched one proves anything."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.record.checkpoint import BadProof, Checkpoint, Proof, checkpoint_of, made, proof_of, proven, signed
from mailer.record.merkle import inclusion_ranges, range_hash
from mailer.record.note import BadNote, Signer, sign
from tests.core.record.samples import naive_root, nodes_over

SIGNER = Signer(name="example.com/duly/log_1", seed=b"1" * 32)
KEY = SIGNER.verifier
ENTRIES = [f'{{"seq":{number}}}'.encode() for number in range(11)]
HEAD = Checkpoint(origin=SIGNER.name, size=11, root=naive_root(ENTRIES))
NOTE = signed(HEAD, SIGNER)
PROOF = made(5, [range_hash(span, nodes_over(ENTRIES)) for span in inclusion_ranges(5, 11)], NOTE)


def test_a_head_is_three_lines_and_a_signature() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [SIGNER.name, "11", base64.b64encode(HEAD.root).decode(), ""]
    assert lines[4].startswith(f"\u2014 {SIGNER.name} ")
    assert checkpoint_of(NOTE, KEY) == HEAD


@pytest.mark.parametrize(
    "text",
    [
        f"{SIGNER.name}\n11\n",
        f"{HEAD.text}extension\n",
        HEAD.text.replace(SIGNER.name, "other.example/log"),
        HEAD.text.replace("\n11\n", "\n011\n"),
        HEAD.text.replace("\n11\n", "\n-1\n"),
        HEAD.text.replace("\n11\n", "\n0\n"),
        HEAD.text.replace("\n11\n", "\n1" + "0" * 18 + "\n"),
        f"{SIGNER.name}\n11\nAA==\n",
        f"{SIGNER.name}\n11\nAB==\n",
    ],
)
def test_other_heads_are_refused_even_when_signed(text: str) -> None:
    with pytest.raises(BadNote):
        checkpoint_of(sign(text, SIGNER), KEY)


def test_a_proof_is_one_file() -> None:
    assert PROOF.text.startswith("c2sp.org/tlog-proof@v1\nindex 5\n")
    assert PROOF.text.endswith(NOTE)
    assert proof_of(PROOF.text) == PROOF
    assert proven(ENTRIES[5], PROOF, KEY) == HEAD
    assert proof_of(PROOF.text.replace("\nindex", "\nextra AAAA\nindex")) == PROOF


def test_the_only_leaf_needs_no_path() -> None:
    head = Checkpoint(origin=SIGNER.name, size=1, root=naive_root(ENTRIES[:1]))
    alone = proof_of(made(0, [], signed(head, SIGNER)).text)
    assert proven(ENTRIES[0], alone, KEY) == head


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        PROOF.text.replace("@v1", "@v2"),
        PROOF.text.replace("index 5", "index 05"),
        PROOF.text.replace("index 5", "place 5"),
        PROOF.text.replace("index 5\n", "index 5\nAB==\n"),
        PROOF.text.partition("\n\n")[0],
    ],
)
def test_other_texts_are_no_proof(text: str) -> None:
    with pytest.raises(BadProof):
        proof_of(text)


def test_a_proof_is_for_its_entry_only() -> None:
    with pytest.raises(BadProof, match="does not lead"):
        proven(ENTRIES[4], PROOF, KEY)
    with pytest.raises(BadProof, match="does not lead"):
        proven(ENTRIES[5], Proof(index=4, path=PROOF.path, signed=NOTE), KEY)


@settings(deadline=None)
@given(st.integers(0, len(PROOF.text.encode()) * 8 - 1))
def test_no_bit_of_a_proof_can_change(bit: int) -> None:
    raw = bytearray(PROOF.text.encode())
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises((BadProof, BadNote, UnicodeDecodeError)):
        proven(ENTRIES[5], proof_of(raw.decode()), KEY)


@settings(deadline=None)
@given(st.integers(0, len(ENTRIES[5]) * 8 - 1))
def test_no_bit_of_an_entry_can_change(bit: int) -> None:
    raw = bytearray(ENTRIES[5])
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadProof):
        proven(bytes(raw), PROOF, KEY)
