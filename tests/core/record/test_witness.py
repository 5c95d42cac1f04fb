"""What a witness decides: it cosigns what extends the head it saw last, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.record.checkpoint import Checkpoint, signed
from mailer.record.merkle import EMPTY, consistency_ranges, range_hash
from mailer.record.note import Signer, cosigned, sign
from mailer.record.witness import Request, Status, decide, request_of
from tests.core.record.samples import naive_root, nodes_over

LOG = Signer(name="example.com/duly/log_1", seed=b"1" * 32)
NEXT = Signer(name=LOG.name, seed=b"2" * 32)
LOGS = (LOG.verifier, Signer(name="other.example/log", seed=b"3" * 32).verifier)
MOST = 12


def entries(many: int, changed: int = -1) -> list[bytes]:
    return [b"changed" if number == changed else b"%d" % number for number in range(many)]


def head(leaves: Sequence[bytes], origin: str = LOG.name) -> Checkpoint:
    return Checkpoint(origin=origin, size=len(leaves), root=naive_root(leaves))


def proof(old: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(range_hash(span, nodes_over(leaves)) for span in consistency_ranges(old, len(leaves))) if old else ()


def ask(old: int, leaves: Sequence[bytes], signer: Signer = LOG) -> bytes:
    return Request(old=old, proof=proof(old, leaves), note=signed(head(leaves), signer)).text.encode()


def known(leaves: Sequence[bytes]) -> dict[str, Checkpoint]:
    return {LOG.name: head(leaves)} if leaves else {}


def test_the_body_is_as_the_specification_has_it() -> None:
    body = ask(3, entries(7))
    assert body.startswith(b"old 3\n")
    assert body.decode().split("\n\n")[0].count("\n") == len(proof(3, entries(7)))
    assert request_of(body) == Request(old=3, proof=proof(3, entries(7)), note=signed(head(entries(7)), LOG))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, MOST), st.integers(0, MOST), st.integers(0, MOST), st.integers(-1, MOST), st.integers(0, 1))
def test_it_cosigns_exactly_what_extends_what_it_saw(
    last: int, old: int, size: int, changed: int, dropped: int
) -> None:
    leaves = entries(size, changed)
    hashes = proof(old, leaves) if old <= size else ()
    hashes = hashes[dropped:]
    note = signed(head(leaves), LOG)
    found = decide(Request(old=old, proof=hashes, note=note).text.encode(), LOGS, known(entries(last)))
    is_same_start = not 0 <= changed < min(last, size)
    if old > size:
        wanted = Status.BAD_REQUEST
    elif old != last or (size == last and not is_same_start):
        wanted = Status.CONFLICT
    elif is_same_start and (old == 0 or hashes == proof(old, leaves)):
        wanted = Status.OK
    else:
        wanted = Status.UNPROCESSABLE_ENTITY
    assert (found.status, found.size) == (wanted, last if wanted is Status.CONFLICT else 0)
    assert (found.head == head(leaves), found.note) == ((True, note) if wanted is Status.OK else (False, ""))


def test_to_extend_nothing_needs_no_proof_and_allows_none() -> None:
    note = signed(head(entries(2)), LOG)
    assert decide(Request(old=0, proof=(EMPTY,), note=note).text.encode(), LOGS, {}).status == 422
    assert decide(Request(old=2, proof=(EMPTY,), note=note).text.encode(), LOGS, known(entries(2))).status == 422


def test_it_answers_only_for_logs_and_keys_that_it_trusts() -> None:
    assert decide(ask(0, entries(2)), LOGS[1:], {}).status == Status.NOT_FOUND
    assert decide(ask(0, entries(2), NEXT), LOGS, {}).status == Status.FORBIDDEN
    assert decide(ask(0, entries(2), NEXT), (*LOGS, NEXT.verifier), {}).status == Status.OK
    both = cosigned(signed(head(entries(2)), NEXT), LOG)
    assert decide(Request(old=0, proof=(), note=both).text.encode(), LOGS, {}).status == Status.OK
    forged = signed(head(entries(2)), LOG).replace("\n2\n", "\n3\n")
    assert decide(Request(old=0, proof=(), note=forged).text.encode(), LOGS, {}).status == Status.FORBIDDEN


def test_a_log_may_say_more_in_its_head() -> None:
    text = head(entries(2)).text + "extension\n"
    found = decide(Request(old=0, proof=(), note=sign(text, LOG)).text.encode(), LOGS, {})
    assert (found.status, found.text) == (Status.OK, text)


GOOD = ask(3, entries(7)).decode()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "old 3\n",
        GOOD.replace("old 3", "old 03"),
        GOOD.replace("old 3", "new 3"),
        GOOD.replace("old 3\n", "old 3\nAB==\n"),
        GOOD.replace("old 3\n", "old 3\nAAAA\n"),
        GOOD.replace("old 3\n", "old 3\n" + GOOD.split("\n")[1] + "\n" + 63 * (GOOD.split("\n")[1] + "\n")),
        GOOD.removesuffix("\n"),
        GOOD + "no signature\n",
        "old 0\n\n" + sign(f"{LOG.name}\n2\n", LOG),
        "old 0\n\n" + sign(head(entries(2)).text.replace("\n2\n", "\n02\n"), LOG),
        "old 0\n\n" + sign(f"{LOG.name}\n2\nAAAA\n", LOG),
        "old 0\n\n" + sign(f"{LOG.name}\n2\nAB==\n", LOG),
        "old 0\n\n" + sign(head(entries(2)).text + "\nmore\n", LOG),
        "old 0\n\n" + "x" * 140_000,
        "old 8\n\n" + signed(head(entries(7)), LOG),
    ],
)
def test_what_is_no_request_is_refused(body: str) -> None:
    assert decide(body.encode(), LOGS, known(entries(3))).status == Status.BAD_REQUEST


def test_bytes_that_are_no_text_are_refused() -> None:
    assert decide(b"old 0\n\n\xff", LOGS, {}).status == Status.BAD_REQUEST
