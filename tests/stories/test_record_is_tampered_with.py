"""Whoever owns the database changes the record: each way of doing it is found, and has a name of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mailer.flows.keep_log import LogKeeper, LogRefused, seal
from mailer.flows.prove_event import newest_head
from mailer.flows.recording import happened
from mailer.flows.verify_record import KeptHeadRefused, verify_record
from mailer.store import events, inbox
from mailer.store.session import Store, Tx
from tests.edges.store.conftest import store as _store
from tests.edges.store.sealed import kept_mail
from tests.stories import record_attacks
from tests.stories.record_attacks import MAILS, NOW, House

store = _store


@pytest.fixture
async def house(store: Store, tmp_path: Path) -> House:
    keeper = LogKeeper(store=store, data=tmp_path, address="ap@b.example", clock=lambda: NOW)
    built = House(store=store, keeper=keeper, kept="")
    async with store.transaction() as tx:
        await _two_mails(tx)
    await built.happen(*["cus_1", "cus_2", "cus_1", "cus_3", "cus_2"] * 2)
    head = await newest_head(keeper)
    await built.happen("cus_1", "cus_2", "cus_1", "cus_2")
    await seal(keeper, at_once=True)
    whole = House(store=store, keeper=keeper, kept=head.note)
    await _unlock(whole)
    return whole


async def _two_mails(tx: Tx) -> None:
    for number, raw in enumerate(MAILS):
        payload_id = f"raw_{number}"
        await events.keep_payload(tx, payload_id=payload_id, subject_id="", kind="raw_mail", salt=b"s", body=raw)
        mail = kept_mail(number, raw)
        await inbox.add(tx, [mail])
        made = happened("mail.fetched", now=NOW, actor="x", refs={"mail": mail.id}, payload={"sha256": mail.sha256})
        await events.record(tx, [made])


async def _unlock(house: House) -> None:
    """Take the triggers away, as the database's owner can."""
    for table in ("events", "log_leaves", "log_nodes", "log_checkpoints"):
        if house.store.dialect == "sqlite":
            await house.do(f"DROP TRIGGER {table}_no_update", f"DROP TRIGGER {table}_no_delete")
        else:
            await house.do(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


ATTACKS: list[tuple[Callable[[House], Awaitable[None]], str]] = [
    (record_attacks.drop_an_event, "dropped"),
    (record_attacks.drop_an_event_and_its_leaf, "dropped"),
    (record_attacks.drop_and_close_up, "dropped"),
    (record_attacks.delete_a_case, "case_deleted"),
    (record_attacks.delete_a_case_and_its_leaves, "case_deleted"),
    (record_attacks.insert_a_leaf, "inserted"),
    (record_attacks.duplicate_a_leaf, "duplicated"),
    (record_attacks.reorder_leaves, "reordered"),
    (record_attacks.reorder_events, "reordered"),
    (record_attacks.cut_the_tail, "truncated"),
    (record_attacks.put_back_an_older_copy, "restored"),
    (record_attacks.fork, "forked"),
    (record_attacks.swap_two_mails, "swapped"),
    (record_attacks.swap_the_words_of_two_events, "swapped"),
    (record_attacks.change_a_mail, "words_changed"),
    (record_attacks.change_an_event, "event_changed"),
    (record_attacks.change_whose_event_it_is, "event_changed"),
    (record_attacks.change_the_words_of_an_event, "words_changed"),
    (record_attacks.change_a_leaf, "leaf_changed"),
    (record_attacks.change_a_head, "bad_signature"),
]


#: What else shows: the event that a forged leaf is hung on is not the one that it speaks of.
ALSO = {"insert_a_leaf": {"event_changed"}, "duplicate_a_leaf": {"event_changed"}}


async def test_what_nobody_touched_is_as_it_was(house: House) -> None:
    assert await house.verdict() == set()
    assert await house.verdict(since=True) == set()


@pytest.mark.parametrize(("attack", "name"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
async def test_it_is_found_by_name(house: House, attack: Callable[[House], Awaitable[None]], name: str) -> None:
    await attack(house)
    found = await house.verdict()
    assert name in found
    assert found <= {name} | ALSO.get(attack.__name__, set())


async def test_an_event_slipped_in_between_is_found(house: House) -> None:
    """Under a number that a rolled-back transaction left free, as PostgreSQL leaves them."""
    await house.do(
        "UPDATE events SET seq = seq + 1000 WHERE seq > 14",
        "UPDATE log_leaves SET event_seq = event_seq + 1000 WHERE event_seq > 14",
    )
    assert await house.verdict() == set()
    await house.happen("cus_7")
    await house.do("UPDATE events SET seq = 20 WHERE customer_id = 'cus_7'")
    assert await house.verdict() == {"inserted"}


async def test_what_came_before_the_kept_head_is_held_to_it(house: House) -> None:
    await record_attacks.fork(house)
    assert await house.verdict(since=True) == {"forked"}


async def test_a_record_that_was_put_back_is_not_signed_any_further(house: House) -> None:
    await record_attacks.put_back_an_older_copy(house)
    with pytest.raises(LogRefused, match="put back or cut"):
        await seal(house.keeper, at_once=True)
    await house.happen(*["cus_5"] * 9)
    with pytest.raises(LogRefused, match="not those that were signed"):
        await seal(house.keeper, at_once=True)


async def test_a_head_by_another_key_is_not_taken(house: House) -> None:
    with pytest.raises(KeptHeadRefused):
        await verify_record(house.store, house.keeper.data, kept=house.kept.replace("12", "13"))
