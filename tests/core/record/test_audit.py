"""Each thing that can be done to a log is found, under its own name; a log that is as it was signed has nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.record.audit import MOST, Audit, Start
from mailer.record.leaf import leaf_bytes, leaf_of
from mailer.record.merkle import Frontier, leaf_hash
from mailer.record.tampering import Entry, Head, KeptBytes, Tampering
from mailer.record.tiles import level_of
from tests.core.record.samples import START, facts, log_of, root_of

LOG = log_of("a-bab-ca")
Nodes = dict[tuple[int, int], bytes]


def head(entries: Sequence[Entry], *, here: bool = True) -> Head:
    return Head(size=len(entries), root=root_of(entries), where="the head", here=here)


def found(
    entries: Sequence[Entry],
    heads: Sequence[Head] = (head(LOG[:3]), head(LOG)),
    *,
    nodes: Nodes | None = None,
    start: Start | None = None,
    kept: Sequence[KeptBytes] = (),
    strays: Sequence[str] = (),
) -> list[Tampering]:
    audit = Audit(heads, nodes or {}, start or Start(tags={}))
    for entry in entries:
        audit.take(entry)
    for one in kept:
        audit.keep(one)
    for stray in strays:
        audit.stray(stray)
    return [one.what for one in audit.finish()]


def rewritten(entry: Entry, **changed: object) -> Entry:
    """An entry whose leaf says something else, with a hash that fits."""
    body = leaf_bytes(replace(leaf_of(entry.body), **changed))  # type: ignore[arg-type] # fields of a leaf
    return replace(entry, body=body, hash=leaf_hash(body))


def renumbered(entries: Sequence[Entry]) -> list[Entry]:
    """The same leaves, closed up: index after index."""
    return [replace(entry, index=index) for index, entry in enumerate(entries)]


def test_a_log_as_it_was_signed_has_nothing() -> None:
    assert found(LOG) == []
    assert Audit([], {}, start_at(3)).size == 3
    assert found([], []) == []


def test_an_erased_payload_leaves_the_log_as_it_is() -> None:
    event = LOG[2].event
    assert event is not None
    assert found([*LOG[:2], replace(LOG[2], event=replace(event, salt=None, payload_sha256=b"")), *LOG[3:]]) == []


def test_a_dropped_event() -> None:
    assert found([*LOG[:3], replace(LOG[3], event=None), *LOG[4:]]) == [Tampering.DROPPED]
    assert found([LOG[0], replace(LOG[1], event=None), *LOG[2:]]) == [Tampering.DROPPED]


def test_a_dropped_leaf() -> None:
    assert set(found([*LOG[:3], *LOG[4:]])) == {Tampering.DROPPED}


def test_a_dropped_leaf_whose_place_was_closed() -> None:
    assert found(renumbered([*LOG[:3], *LOG[4:]])) == [Tampering.DROPPED]


def test_a_deleted_case() -> None:
    gone = [replace(one, event=None) if one.event and one.event.case_tag[:1] == "b" else one for one in LOG]
    assert found(gone) == [Tampering.CASE_DELETED]
    assert found([one for one in LOG if one.event and one.event.case_tag[:1] != "b"]) == [Tampering.CASE_DELETED]


def test_an_inserted_event() -> None:
    assert found(LOG, strays=["evt_99"]) == [Tampering.INSERTED]


def test_an_inserted_leaf() -> None:
    forged = rewritten(LOG[6], seq=3, case_tag="d" * 32)
    event = forged.event
    assert event is not None
    forged = replace(forged, event=facts(6, "d" * 32, words=b"{6}", at=event.at))
    assert found(renumbered([*LOG[:3], forged, *LOG[3:]])) == [Tampering.INSERTED]


def test_a_duplicated_leaf() -> None:
    assert found(renumbered([*LOG[:4], LOG[2], *LOG[4:]])) == [Tampering.DUPLICATED]


def test_reordered_leaves() -> None:
    assert found(renumbered([*LOG[:3], LOG[4], LOG[3], *LOG[5:]])) == [Tampering.REORDERED]


def test_reordered_events() -> None:
    changed = [*LOG[:3], replace(LOG[3], event=LOG[4].event), replace(LOG[4], event=LOG[3].event), *LOG[5:]]
    assert found(changed) == [Tampering.REORDERED, Tampering.REORDERED]


def test_a_truncated_tail() -> None:
    assert found(LOG[:6]) == [Tampering.TRUNCATED]


def test_an_older_copy_put_back() -> None:
    assert found(LOG[:6], [head(LOG[:3]), head(LOG, here=False)]) == [Tampering.RESTORED]
    assert found(LOG[:6], [head(LOG[:7]), head(LOG, here=False)]) == [Tampering.TRUNCATED]


def test_a_forked_log() -> None:
    other = log_of("a-babb-a")
    assert found(other) == [Tampering.FORKED]
    assert found([*other, *log_of("a-babb-aa", first=8)]) == [Tampering.FORKED]


def test_swapped_words() -> None:
    one, other = LOG[2].event, LOG[4].event
    assert one is not None
    assert other is not None
    changed = [*LOG]
    changed[2] = replace(LOG[2], event=replace(one, salt=other.salt, payload_sha256=other.payload_sha256))
    changed[4] = replace(LOG[4], event=replace(other, salt=one.salt, payload_sha256=one.payload_sha256))
    assert found(changed) == [Tampering.SWAPPED, Tampering.SWAPPED]


def test_swapped_and_changed_mails() -> None:
    a, b, c = (hashlib.sha256(one).hexdigest() for one in (b"a", b"b", b"c"))
    swapped = [KeptBytes(of="mail_1", named=a, present=b), KeptBytes(of="mail_2", named=b, present=a)]
    assert found(LOG, kept=swapped) == [Tampering.SWAPPED, Tampering.SWAPPED]
    assert found(LOG, kept=[KeptBytes(of="mail_1", named=a, present=c)]) == [Tampering.WORDS_CHANGED]
    assert found(LOG, kept=[KeptBytes(of="mail_1", named=a, present=a)]) == []


def test_changed_words() -> None:
    event = LOG[2].event
    assert event is not None
    changed = replace(event, payload_sha256=hashlib.sha256(b"other").digest())
    assert found([*LOG[:2], replace(LOG[2], event=changed), *LOG[3:]]) == [Tampering.WORDS_CHANGED]


@pytest.mark.parametrize("changed", [{"type": "note.lost"}, {"at": START}])
def test_a_changed_event(changed: dict[str, Any]) -> None:
    event = LOG[2].event
    assert event is not None
    entry = replace(LOG[2], event=replace(event, **changed))
    assert found([*LOG[:2], entry, *LOG[3:]]) == [Tampering.EVENT_CHANGED]


@pytest.mark.parametrize("column", ["customer_id", "policy_version"])
def test_a_changed_column_that_only_the_commitment_binds(column: str) -> None:
    event = LOG[2].event
    assert event is not None
    entry = replace(LOG[2], event=replace(event, **{column: "other"}))  # type: ignore[arg-type] # both are text
    assert found([*LOG[:2], entry, *LOG[3:]]) == [Tampering.WORDS_CHANGED]


def test_a_changed_leaf() -> None:
    assert found([*LOG[:2], replace(LOG[2], body=LOG[2].body + b" "), *LOG[3:]]) == [Tampering.LEAF_CHANGED]
    assert found([*LOG[:2], replace(LOG[2], hash=bytes(32)), *LOG[3:]]) == [Tampering.LEAF_CHANGED]
    body = LOG[2].body + b" "
    assert found([*LOG[:2], replace(LOG[2], body=body, hash=leaf_hash(body)), *LOG[3:]]) == [Tampering.LEAF_CHANGED]


def test_a_broken_chain_of_a_case() -> None:
    assert found([*LOG[:3], rewritten(LOG[3], prev_case="0" * 64), *LOG[4:]])[0] is Tampering.LEAF_CHANGED
    assert found([*LOG[:3], rewritten(LOG[3], case_seq=1), *LOG[4:]])[0] is Tampering.LEAF_CHANGED


def test_a_changed_node_of_the_tree() -> None:
    entries = log_of("a" * 300)
    nodes = nodes_of_level(entries)
    heads = [head(entries)]
    assert found(entries, heads, nodes=nodes) == []
    assert found(entries, heads, nodes={(1, 0): bytes(32)}) == [Tampering.TREE_CHANGED]
    assert found(entries, heads) == [Tampering.TREE_CHANGED]


def nodes_of_level(entries: Sequence[Entry]) -> Nodes:
    tree, nodes = Frontier(), {}
    for entry in entries:
        for height, number, value in tree.append(entry.hash):
            if level := level_of(height):
                nodes[level, number] = value
    return nodes


def start_at(size: int) -> Start:
    tree, tags = Frontier(), {}
    for entry in LOG[:size]:
        tree.append(entry.hash)
        leaf = leaf_of(entry.body)
        tags[leaf.case_tag] = (leaf.case_seq, entry.hash)
    return Start(size=size, hashes=tree.hashes, tags=tags)


def test_checking_from_a_head_on() -> None:
    start = start_at(3)
    assert found(LOG[3:], start=start) == []
    assert found(LOG[4:], start=start)[0] is Tampering.DROPPED
    assert found(LOG[3:6], start=start) == [Tampering.TRUNCATED]
    assert found(LOG[3:], [head(LOG), head(log_of("bbb"))], start=start) == [Tampering.FORKED]
    assert found(LOG[3:], [head(LOG), head(log_of("bb"))], start=start) == []
    shifted = [replace(one, index=one.index + 1) for one in LOG[3:]]
    again = replace(LOG[2], index=3)
    assert Tampering.INSERTED in found([again, *shifted], start=start)


def test_no_kind_is_told_without_end() -> None:
    gone = [replace(one, event=None) for one in log_of("a" * 60 + "b")[:60]]
    assert found(gone, []) == [Tampering.CASE_DELETED]
    assert found([*gone[:50], *log_of("a" * 60)[50:]], []) == [Tampering.DROPPED] * MOST
    assert found(log_of("-" * 60)[::2], []) == [Tampering.CASE_DELETED]


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="abc-", min_size=2, max_size=20), st.data())
def test_no_leaf_can_change_unnoticed(tags: str, data: st.DataObject) -> None:
    entries = log_of(tags)
    place = data.draw(st.integers(0, len(entries) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                entries[:place] + entries[place + 1 :],
                renumbered(entries[:place] + entries[place + 1 :]),
                renumbered([*entries[:place], entries[place], *entries[place:]]),
                [*entries[:place], rewritten(entries[place], commit="0" * 64), *entries[place + 1 :]],
                [*entries[:place], replace(entries[place], event=None), *entries[place + 1 :]],
                renumbered([*entries[1:], entries[0]]),
            ]
        )
    )
    assert found(entries, [head(entries)]) == []
    assert found(changed, [head(entries)]) != []


def _heir(link: str, about: str = "cus_1") -> list[Entry]:
    """The log, and the first leaf of a new tag that goes on for a leaf with that hash."""
    event = facts(len(LOG), "d" * 32)
    first = replace(log_of("d")[0], index=len(LOG), event=replace(event, customer_id=about))
    return [*LOG, rewritten(first, seq=len(LOG), at=event.at, commit=event.commit, prev_case=link)]


def test_the_first_leaf_of_a_tag_may_go_on_for_the_last_one_of_another_tag() -> None:
    log = _heir(LOG[-1].hash.hex())
    assert found(log, [head(log)]) == []
    assert found(log[5:], [head(log)], start=start_at(5)) == []
    assert found(log[8:], [head(log)], start=start_at(8)) == []


@pytest.mark.parametrize("link", ["ab" * 32, LOG[0].hash.hex(), LOG[1].hash.hex()])
def test_it_goes_on_for_no_other_leaf(link: str) -> None:
    log = _heir(link)
    assert found(log, [head(log)]) == [Tampering.LEAF_CHANGED]


def test_it_goes_on_for_no_leaf_about_somebody_else() -> None:
    log = _heir(LOG[-1].hash.hex(), about="cus_2")
    assert Tampering.LEAF_CHANGED in found(log, [head(log)])
