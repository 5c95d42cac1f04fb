"""A case file against the log: what was done to it has a name, and no bit of what the log binds can change unseen."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from mailer.record.checkpoint import Checkpoint, made, signed
from mailer.record.merkle import leaf_hash
from mailer.record.note import Signer
from mailer.record.package import (
    CHECKPOINT,
    ENTRIES,
    EVENTS,
    NOT_RETAINED,
    PROOFS,
    PUBLIC_PEM,
    VKEY,
    mail_path,
    proof_path,
    signatures_path,
    tree_of,
)
from mailer.record.package_flaws import Flaw
from tests.core.record.packages import MAILS, MINE, SIGNER, THEIRS, Files, Log, a_log, a_package, files_of, sha, verdict
from tests.core.record.samples import naive_root

FIRST, THIRD, FOURTH = (mail_path(f"DULY00000{number}") for number in (1, 3, 4))


def flaws(files: Files) -> set[Flaw]:
    return {one.what for one in verdict(files).flaws}


def changed(path: str, change: Callable[[bytes], bytes]) -> Files:
    files = a_package()
    after = change(files[path])
    assert after != files[path]
    return files | {path: after}


def lines(path: str, change: Callable[[list[bytes]], list[bytes]]) -> Files:
    return changed(path, lambda raw: b"".join(change(raw.splitlines(keepends=True))))


def swapped(path: str, other: str) -> Files:
    files = a_package()
    return files | {path: files[other], other: files[path]}


def without(*paths: str) -> Files:
    return {path: raw for path, raw in a_package().items() if path not in paths}


def test_a_case_file_as_it_was_made_is_whole() -> None:
    found = verdict(a_package())
    assert found.flaws == ()
    assert (found.size, found.events, found.erased, found.withheld) == (13, 9, 1, 1)
    assert (found.mails, found.not_retained, found.origin) == (3, 1, SIGNER.name)


@pytest.mark.parametrize("size", range(1, 40))
def test_the_tree_is_that_of_rfc_6962(size: int) -> None:
    bodies = [bytes([number]) for number in range(size)]
    assert tree_of([leaf_hash(body) for body in bodies]).root == naive_root(bodies)


ATTACKS: list[tuple[Flaw, Callable[[], Files]]] = [
    (Flaw.KEY_CHANGED, lambda: without(VKEY)),
    (Flaw.KEY_CHANGED, lambda: changed(VKEY, lambda raw: raw.replace(b"+", b"+0", 1)[:-2] + b"\n")),
    (Flaw.KEY_CHANGED, lambda: changed(VKEY, lambda raw: raw.replace(b"acme", b"acne"))),
    (Flaw.KEY_CHANGED, lambda: changed(PUBLIC_PEM, lambda raw: raw + b"\n")),
    (Flaw.BAD_SIGNATURE, lambda: changed(CHECKPOINT, lambda raw: raw.replace(b"\n13\n", b"\n12\n"))),
    (Flaw.BAD_SIGNATURE, lambda: changed(CHECKPOINT, lambda raw: raw + b"\n")),
    (Flaw.TRUNCATED, lambda: lines(ENTRIES, lambda all_: all_[:-1])),
    (Flaw.INSERTED, lambda: lines(ENTRIES, lambda all_: [*all_, all_[-1].replace(b'"seq":12', b'"seq":13')])),
    (Flaw.INSERTED, lambda: lines(ENTRIES, lambda all_: [*all_[:5], all_[4], *all_[5:]])),
    (Flaw.DROPPED, lambda: lines(ENTRIES, lambda all_: [*all_[:5], *all_[6:]])),
    (Flaw.REORDERED, lambda: lines(ENTRIES, lambda all_: [*all_[:5], all_[6], all_[5], *all_[7:]])),
    (Flaw.ENTRY_CHANGED, lambda: lines(ENTRIES, lambda all_: [*all_[:5], b"{}\n", *all_[6:]])),
    (Flaw.ENTRY_CHANGED, lambda: changed(ENTRIES, lambda raw: raw[:-1])),
    (Flaw.ENTRY_CHANGED, lambda: changed(ENTRIES, lambda raw: raw.replace(b'"case_seq":2', b'"case_seq":3', 1))),
    (Flaw.FORKED, lambda: changed(ENTRIES, lambda raw: raw.replace(b"system.started", b"system.stopped"))),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw.replace(b"INBOX", b"INBOY"))),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw.replace(b"mail_10", b"mail_11"))),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw.replace(b"Alder", b"Elder"))),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw.replace(b',"payload":{', b',"payload": {', 1))),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw.replace(b',"payload":', b',"payloads":'))),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw.replace(b'"committed":', b'"comitted":', 1))),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw.replace(b"}}\n", b"}]\n"))),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw[:-1])),
    (Flaw.WORDS_CHANGED, lambda: changed(EVENTS, lambda raw: raw.replace(b'"seq":12', b'"seq":13'))),
    (Flaw.WORDS_CHANGED, lambda: lines(EVENTS, lambda all_: [*all_, all_[-1]])),
    (Flaw.WORDS_CHANGED, lambda: without(EVENTS)),
    (Flaw.LEFT_OUT, lambda: lines(EVENTS, lambda all_: all_[:-1])),
    (Flaw.PROOF_CHANGED, lambda: without(proof_path(1))),
    (Flaw.PROOF_CHANGED, lambda: swapped(proof_path(1), proof_path(2))),
    (Flaw.PROOF_CHANGED, lambda: a_package() | {f"{PROOFS}/x": b"y\n"}),
    (Flaw.MAIL_CHANGED, lambda: changed(FIRST, lambda raw: raw.replace(b"INV-1", b"INV-2"))),
    (Flaw.MAIL_SWAPPED, lambda: swapped(FIRST, THIRD)),
    (Flaw.MAIL_MISSING, lambda: without(FOURTH)),
    (Flaw.MAIL_ADDED, lambda: a_package() | {"data/eml/DULY000009.eml": MAILS[0]}),
    (Flaw.NOT_A_CASE_FILE, lambda: changed(NOT_RETAINED, lambda raw: raw + b"\0")),
]


@pytest.mark.parametrize("attack", range(len(ATTACKS)))
def test_what_was_done_has_a_name(attack: int) -> None:
    name, files = ATTACKS[attack]
    assert name in flaws(files())


def test_a_head_signed_with_another_key_is_no_head_of_this_log() -> None:
    other = Signer(name=SIGNER.name, seed=b"x" * 32)
    files = files_of(a_log(), other)
    assert flaws(files) == set()
    assert flaws(files | {VKEY: a_package()[VKEY], PUBLIC_PEM: a_package()[PUBLIC_PEM]}) == {Flaw.BAD_SIGNATURE}
    garbled = a_package()[CHECKPOINT].replace(b"acme", b"\xff\xff\xff\xff", 1)
    assert flaws(a_package() | {CHECKPOINT: garbled}) == {Flaw.BAD_SIGNATURE}


def test_a_history_made_anew_with_the_same_key_still_has_to_fit_the_case() -> None:
    """Who has the key signs what they like; the events, proofs and mails of the case must still fit it."""
    log = a_log()
    log.add("note.added", MINE, how="left out", words="hidden")
    tree = tree_of([leaf_hash(body) for body in log.bodies])
    note = signed(Checkpoint(origin=SIGNER.name, size=len(log.bodies), root=tree.root), SIGNER)
    seqs = [int(line.split(b",")[0].removeprefix(b'{"seq":')) for line in log.lines]
    files = a_package() | {
        ENTRIES: b"".join(body + b"\n" for body in log.bodies),
        CHECKPOINT: note.encode(),
        **{proof_path(seq): made(seq, tree.path(seq), note).text.encode() for seq in seqs},
    }
    assert flaws(files) == {Flaw.LEFT_OUT}


AUTHENTICATION = b"Signed by alder.example: pass\n"


def with_signatures(name: str | None, text: bytes = AUTHENTICATION, *, how: str = "shown") -> Files:
    """Return a case file whose 14th entry names the text about a mail's signatures, which lies under that name."""
    log = a_log()
    log.add("mail.authenticated", how=how, verdict="pass", sha256=sha(AUTHENTICATION))
    texts = {name or signatures_path(len(log.bodies) - 1): text}
    return files_of(log) | ({} if name == "" else texts)


def test_the_text_about_signatures_is_the_one_that_its_event_names() -> None:
    assert flaws(with_signatures(None)) == set()
    assert flaws(with_signatures("")) == {Flaw.SIGNATURES_MISSING}
    assert flaws(with_signatures(None, AUTHENTICATION.replace(b"pass", b"fail"))) == {Flaw.SIGNATURES_CHANGED}
    assert flaws(with_signatures(None) | {signatures_path(2): AUTHENTICATION}) == {Flaw.SIGNATURES_CHANGED}


@pytest.mark.parametrize("how", ["withheld", "erased"])
def test_a_text_whose_event_is_not_shown_is_not_asked_for_and_may_not_be_there(how: str) -> None:
    assert flaws(with_signatures("", how=how)) == set()
    assert flaws(with_signatures(None, how=how)) == {Flaw.SIGNATURES_CHANGED}


def test_a_leaf_out_of_its_chain_is_seen_even_when_it_was_signed() -> None:
    log = Log()
    log.add("note.added", words="a")
    log.last[MINE] = (7, "0" * 64)
    log.add("export.started", words="b")
    files = a_package() | files_of(log)
    assert flaws(files) == {Flaw.ENTRY_CHANGED}


def bound_bits(files: Files) -> list[tuple[str, int]]:
    bound = [path for path in files if path.startswith(("data/eml/", "data/audit/"))]
    return [(path, bit) for path in bound for bit in range(8 * len(files[path]))]


def flipped(files: Files, path: str, bit: int) -> Files:
    raw = bytearray(files[path])
    raw[bit // 8] ^= 1 << bit % 8
    return files | {path: bytes(raw)}


def test_no_sampled_bit_of_what_the_log_binds_changes_unseen() -> None:
    files = a_package()
    chosen = random.Random(5).sample(bound_bits(files), 700)  # noqa: S311 - a draw that can be repeated
    assert [one for one in chosen if not verdict(flipped(files, *one)).flaws] == []


@pytest.mark.full
def test_no_bit_of_what_the_log_binds_changes_unseen() -> None:
    files = a_package()
    assert [one for one in bound_bits(files) if not verdict(flipped(files, *one)).flaws] == []


HEIR, FOREIGN_HEIR = "c" * 32, "d" * 32


def after_the_loss(*, old: bool = True, new: bool = True, link: str | None = None) -> Files:
    """A case file of a log whose tags were lost: the case has two of them, and so has another one."""
    log = a_log()
    if not old:
        log.lines = [line for line in log.lines if b"mail.fetched" in log.bodies[int(line[7:].split(b",")[0])]]
    log.add("log.restarted", "", how="left out")
    if link is not None:
        log.last[HEIR] = (0, link)
    how = "shown" if new else "left out"
    log.add("note.added", HEIR, after=MINE if link is None else "", how=how, words="on we go")
    log.add("note.added", HEIR, how=how, words="and on")
    log.add("case.opened", FOREIGN_HEIR, after=THEIRS, how="left out")
    return files_of(log)


def test_a_case_whose_tag_was_lost_is_whole_with_both() -> None:
    assert flaws(after_the_loss()) == set()
    assert flaws(after_the_loss(link="")) == set()  # as logs were begun anew before


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_tag_that_is_left_out_as_a_whole_is_missed(which: str) -> None:
    files = after_the_loss(old=which != "old", new=which != "new")
    found = [one for one in verdict(files).flaws if one.what is Flaw.LEFT_OUT]
    assert [(MINE if which == "old" else HEIR) in one.words for one in found] == [True]


@pytest.mark.parametrize("seq", [None, 1])
def test_a_tag_goes_on_for_the_last_leaf_of_another_and_nothing_else(seq: int | None) -> None:
    link = "ab" * 32 if seq is None else leaf_hash(a_log().bodies[seq]).hex()
    assert flaws(after_the_loss(link=link)) == {Flaw.ENTRY_CHANGED}
