"""The ways to change the record that its database's owner has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from mailer.domain.ids import CustomerId
from mailer.flows.keep_log import LogKeeper, seal
from mailer.flows.recording import happened
from mailer.flows.verify_record import verify_record
from mailer.record.leaf import leaf_bytes, leaf_of
from mailer.record.merkle import leaf_hash
from mailer.store import events
from mailer.store.session import Store

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
MAILS = (b"From: a\r\n\r\nWe will pay.", b"From: b\r\n\r\nWe will not.")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A log of 16 leaves, signed at 12 and at 16; `kept` is the head of 12, with the creditor's lawyer."""

    store: Store
    keeper: LogKeeper
    kept: str

    async def do(self, *statements: str, **values: object) -> None:
        async with self.store.transaction() as tx:
            for statement in statements:
                bound = {name: value for name, value in values.items() if f":{name}" in statement}
                await tx.connection.execute(text(statement), bound)

    async def verdict(self, *, since: bool = False) -> set[str]:
        found = await verify_record(self.store, self.keeper.data, kept=self.kept, since=since)
        return {str(one.what) for one in found.findings}

    async def happen(self, *customers: str, type_: str = "note.added") -> None:
        for customer in customers:
            made = happened(
                type_, now=NOW, actor="person:1", customer_id=CustomerId(customer), payload={"for": customer}
            )
            async with self.store.transaction() as tx:
                await events.record(tx, [made])


async def _move(house: House, frm: int, to: int) -> None:
    await house.do("UPDATE log_leaves SET seq = :to WHERE seq = :frm", frm=frm, to=to)


async def drop_an_event(house: House) -> None:
    await house.do("DELETE FROM events WHERE seq = 5")


async def drop_an_event_and_its_leaf(house: House) -> None:
    await house.do("DELETE FROM events WHERE seq = 5", "DELETE FROM log_leaves WHERE seq = 4")


async def drop_and_close_up(house: House) -> None:
    await drop_an_event_and_its_leaf(house)
    for seq in range(5, 16):
        await _move(house, seq, seq - 1)


async def delete_a_case(house: House) -> None:
    await house.do("DELETE FROM events WHERE customer_id = 'cus_3'")


async def delete_a_case_and_its_leaves(house: House) -> None:
    chosen = "SELECT seq FROM events WHERE customer_id = 'cus_3'"
    await house.do(f"DELETE FROM log_leaves WHERE event_seq IN ({chosen})")  # noqa: S608 - a literal
    await delete_a_case(house)


async def insert_a_leaf(house: House) -> None:
    for seq in range(15, 3, -1):
        await _move(house, seq, seq + 1)
    async with house.store.transaction() as tx:
        row = (await tx.all(text("SELECT body FROM log_leaves WHERE seq = 3")))[0]
    leaf = json.loads(bytes(row.body))
    leaf |= {"seq": 4, "case_tag": "f" * 32, "case_seq": 1, "prev_case": ""}
    body = json.dumps(leaf, sort_keys=True, separators=(",", ":")).encode()
    await house.happen("cus_9")
    await house.do(
        "INSERT INTO log_leaves (seq, event_seq, case_tag, case_seq, hash, body) "
        "SELECT 4, max(seq), 'f', 1, :hash, :body FROM events",
        hash=leaf_hash(body),
        body=body,
    )


async def duplicate_a_leaf(house: House) -> None:
    for seq in range(15, 4, -1):
        await _move(house, seq, seq + 1)
    await house.happen("cus_9")
    await house.do(
        "INSERT INTO log_leaves (seq, event_seq, case_tag, case_seq, hash, body) "
        "SELECT 5, (SELECT max(seq) FROM events), case_tag, 99, hash, body FROM log_leaves WHERE seq = 4"
    )


async def reorder_leaves(house: House) -> None:
    await _move(house, 5, 99)
    await _move(house, 6, 5)
    await _move(house, 99, 6)


async def reorder_events(house: House) -> None:
    await house.do(
        "UPDATE events SET seq = 99 WHERE seq = 5",
        "UPDATE events SET seq = 5 WHERE seq = 6",
        "UPDATE events SET seq = 6 WHERE seq = 99",
    )


async def cut_the_tail(house: House) -> None:
    await house.do("DELETE FROM log_leaves WHERE seq >= 13", "DELETE FROM events WHERE seq > 13")


async def put_back_an_older_copy(house: House) -> None:
    await cut_the_tail(house)
    await house.do("DELETE FROM log_checkpoints WHERE size > 13")


async def fork(house: House) -> None:
    """A history of its own, complete and consistent, made with the house's own software after the lawyer's head."""
    (house.keeper.data / "log.checkpoint").unlink()
    await house.do("DELETE FROM log_checkpoints", "DELETE FROM log_leaves", "DELETE FROM events WHERE seq = 9")
    await house.happen("cus_4")
    await seal(house.keeper, at_once=True)


async def swap_two_mails(house: House) -> None:
    await house.do(
        "UPDATE payloads SET body = :b WHERE id = 'raw_0'", "UPDATE payloads SET body = :a WHERE id = 'raw_1'",
        a=MAILS[0], b=MAILS[1],
    )  # fmt: skip


async def swap_the_words_of_two_events(house: House) -> None:
    async with house.store.transaction() as tx:
        rows = await tx.all(text("SELECT payload_id FROM events WHERE seq IN (4, 6) ORDER BY seq"))
    ids = {"one": rows[0].payload_id, "two": rows[1].payload_id}
    await house.do(
        "UPDATE payloads SET id = 'pl_x' WHERE id = :one",
        "UPDATE payloads SET id = :one WHERE id = :two",
        "UPDATE payloads SET id = :two WHERE id = 'pl_x'",
        **ids,
    )


async def change_a_mail(house: House) -> None:
    await house.do("UPDATE payloads SET body = :a WHERE id = 'raw_0'", a=b"forged")


async def change_an_event(house: House) -> None:
    await house.do("UPDATE events SET type = 'payment.recorded' WHERE seq = 5")


async def change_whose_event_it_is(house: House) -> None:
    await house.do("UPDATE events SET customer_id = 'cus_1' WHERE seq = 4")


async def change_the_words_of_an_event(house: House) -> None:
    await house.do(
        "UPDATE payloads SET body = :a WHERE id = (SELECT payload_id FROM events WHERE seq = 5)", a=b'{"for":"x"}'
    )


async def change_a_leaf(house: House) -> None:
    async with house.store.transaction() as tx:
        row = (await tx.all(text("SELECT body FROM log_leaves WHERE seq = 5")))[0]
    body = bytes(row.body).replace(b"note.added", b"note.moved")
    assert leaf_bytes(leaf_of(body)) == body
    await house.do("UPDATE log_leaves SET body = :body WHERE seq = 5", body=body)


async def change_a_head(house: House) -> None:
    await house.do("UPDATE log_checkpoints SET note = replace(note, '12', '11') WHERE size = 12")
