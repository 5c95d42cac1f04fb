"""What must be true of every history, whatever was broken on the way: one function each, returning what is wrong.

I6 to I8, what is kept, are in `kept.py`; I11 (leaks) is in `test_leaks.py`; the numbers are those of the fault plan.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.case import StepHow
from mailer.domain.delivery import OutboxState
from mailer.store.inbox import DONE, QUARANTINED
from tests.faults.history import RESTING, Delivery, Found, History, Row
from tests.faults.kept import i6_every_byte_is_kept, i7_the_record_verifies, i8_every_mail_is_processed_once

#: Automatic mails to one customer on one of its days.
DAILY_CAP = 1
WAITING = {OutboxState.QUEUED, OutboxState.DEFERRED}
#: What the claims of a message say when it has come to rest; cancelled and expired ones have none.
CLAIMED = {
    OutboxState.QUEUED: StepHow.QUEUED,
    OutboxState.DEFERRED: StepHow.QUEUED,
    OutboxState.SENT: StepHow.SENT,
    OutboxState.UNKNOWN: StepHow.UNKNOWN,
    OutboxState.FAILED: StepHow.FAILED,
}
MONEY = ("invoice.imported", "invoice.changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """`rule` is the invariant's name, `about` an id."""

    rule: str
    about: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.about}: {self.what}"


def i1_every_planned_message_ends(h: History) -> Found:
    """Every planned message is in one state of rest or visibly waiting, and what was sent has arrived."""
    arrived = {delivery.message_id for delivery in h.deliveries}
    queued = Counter(event.refs["message"] for event in h.events if event.type == "reminder.queued")
    for row in h.outbox:
        state = OutboxState(row["state"])
        if state not in RESTING | WAITING:
            yield row["id"], f"still {state}"
        if state is OutboxState.SENT and row["message_id"] not in arrived:
            yield row["id"], "LOST: sent, but it never arrived"
        if queued[row["id"]] != 1:
            yield row["id"], f"planned on record {queued[row['id']]} times"
    for outbox_id in queued:
        if h.one(outbox_id) is None:
            yield outbox_id, "LOST: planned on record, but not in the outbox"
    for claim in h.claims:
        message = h.one(claim["outbox_id"]) if claim["outbox_id"] else None
        expected = CLAIMED.get(OutboxState(message["state"])) if message else None
        if expected is not None and claim["how"] != expected.value:
            yield claim["key"], f"the rung is {claim['how']}, its message {message['state'] if message else ''}"
        if claim["how"] == StepHow.QUEUED and (message is None or message["state"] not in WAITING):
            yield claim["key"], "the rung waits for a message that is not waiting"


def i2_nothing_is_said_twice(h: History) -> Found:
    """No Message-ID is accepted twice, and no rung of an invoice by two messages, unless a person resent it."""
    for message_id, times in Counter(delivery.message_id for delivery in h.deliveries).items():
        if times > 1:
            yield message_id, f"DOUBLED: accepted {times} times"
    resent = {e.refs["message"] for e in h.events if e.type == "reminder.resolved" and not e.payload["was_sent"]}
    arrived = {delivery.message_id for delivery in h.deliveries}
    said: dict[str, set[str]] = defaultdict(set)
    for event in h.events:
        row = h.one(event.refs["message"]) if event.type == "reminder.queued" else None
        if row is None or row["message_id"] not in arrived or row["id"] in resent:
            continue
        for step in event.payload["steps"]:
            said[f"{step['invoice']}:{step['step']}:{step['cycle']}"].add(row["id"])
    for rung, messages in said.items():
        if len(messages) > 1:
            yield rung, f"DOUBLED: said by {', '.join(sorted(messages))}"


def i3_nothing_goes_out_after_it_was_settled(h: History) -> Found:
    """No `in_data` is committed after the payment, the dispute, the hold or the pause of what it is about."""
    holds, disputes = {row["id"]: row for row in h.holds}, {row["id"]: row for row in h.disputes}
    for seen in h.watched:
        about = f"{seen['outbox_id']}#{seen['fence']}"
        if seen["open_minor"] != seen["asked_minor"]:
            yield about, f"asks for {seen['asked_minor']}, but {seen['open_minor']} was open at DATA"
        if seen["live"] != "live":
            yield about, "sent while the service was paused"
        for hold in (holds[one] for one in seen["holds"].split(",") if one):
            if _covers(hold, seen["invoice_id"]) and (hold["until_on"] is None or hold["until_on"] >= _day(seen)):
                yield about, f"sent under the hold {hold['id']} ({hold['kind']})"
        for dispute in (disputes[one] for one in seen["disputes"].split(",") if one):
            if _covers(dispute, seen["invoice_id"]):
                yield about, f"sent under the dispute {dispute['id']}"


def _covers(row: Row, invoice_id: str) -> bool:
    ids = json.loads(row["invoice_ids"]) if isinstance(row["invoice_ids"], str) else row["invoice_ids"]
    return not ids or invoice_id in ids


def _day(seen: Row) -> date:
    return date.fromisoformat(seen["on_day"])


def i4_everything_reaches_its_own_customer(h: History) -> Found:
    """One recipient, the one stored; nothing in the mail belongs to somebody else."""
    by_message_id = {row["message_id"]: row for row in h.outbox}
    owner = {row["number"]: row["customer_id"] for row in h.invoices}
    owner |= {row["ref"]: row["id"] for row in h.customers}
    known = _addresses(h)
    for delivery in h.deliveries:
        message = by_message_id.get(delivery.message_id)
        if message is None:
            yield delivery.message_id, "a mail went out that is not in the outbox"
            continue
        if delivery.recipients != (message["recipient"],):
            yield message["id"], f"went to {delivery.recipients}, the outbox says {message['recipient']}"
        if message["recipient"].lower() not in known[message["customer_id"]]:
            yield message["id"], f"{message['recipient']} was never the customer's address"
        for word in sorted(_named(delivery) & owner.keys()):
            if owner[word] != message["customer_id"]:
                yield message["id"], f"names {word}, which belongs to another customer"


def _addresses(h: History) -> dict[str, set[str]]:
    """Return every address a customer ever had, in lower case, by customer id."""
    known: dict[str, set[str]] = defaultdict(set)
    for row in h.customers:
        known[row["id"]].add(row["email"].lower())
    for row in h.addresses:
        known[row["customer_id"]].add(row["email"].lower())
    for event in h.events:
        if event.type.startswith("customer.") and event.customer_id:
            known[event.customer_id].update(
                re.findall(r"[^\s\"'|<>:,{}]+@[^\s\"'|<>:,{}]+", str(event.payload).lower())
            )
    return known


def _named(delivery: Delivery) -> set[str]:
    return set(re.findall(r"[\w-]+", delivery.words))


def i5_nobody_is_written_to_too_often(h: History) -> Found:
    """At most DAILY_CAP mails reach one customer on one of its days."""
    zones = {row["id"]: ZoneInfo(row["time_zone"]) for row in h.customers}
    days: Counter[tuple[str, date]] = Counter()
    for row in h.outbox:
        if row["state"] == OutboxState.SENT and row["finished_at"] is not None:
            days[row["customer_id"], row["finished_at"].astimezone(zones[row["customer_id"]]).date()] += 1
    for (customer_id, day), many in days.items():
        if many > DAILY_CAP:
            yield customer_id, f"{many} mails on {day}"


def i9_money_moves_by_the_ledger_alone(h: History) -> Found:
    """What is open on an invoice is what the ledger or a person said last."""
    said: dict[str, str] = {}
    for event in h.events:
        if event.type not in (*MONEY, "payment.recorded"):
            continue
        if event.actor.startswith("system:"):
            yield event.id, f"{event.type} by {event.actor}"
        if event.type == "invoice.imported":
            said[event.refs["invoice"]] = event.payload["open"]
        elif event.type == "invoice.changed" and "open" in event.payload["changes"]:
            said[event.refs["invoice"]] = event.payload["changes"]["open"]["new"]
    for row in h.invoices:
        currency, _, amount = said.get(row["id"], "EUR 0").partition(" ")
        if (currency, round(float(amount) * 100)) != (row["currency"], row["open_minor"]):
            yield row["id"], f"{row['open_minor']} is open, the ledger said {said.get(row['id'])}"


def i10_doubt_is_visible_and_finite(h: History) -> Found:
    """Whatever is in doubt is on record as such, with why."""
    doubted = {event.refs["message"] for event in h.events if event.type == "reminder.unknown"}
    for row in h.outbox:
        if row["state"] != OutboxState.UNKNOWN:
            continue
        if row["id"] not in doubted:
            yield row["id"], "in doubt, but nothing on record says so"
        if not row["result_text"]:
            yield row["id"], "in doubt, and nobody says why"


def i12_all_is_quiet_in_the_end(h: History) -> Found:
    """Once the faults have stopped and it had its time, nothing is held, due or unread any more."""
    for row in h.outbox:
        overdue = row["state"] in WAITING and row["due_at"] <= h.now - timedelta(seconds=1)
        if h.live and overdue:
            yield row["id"], f"{row['state']} since {row['due_at']:%Y-%m-%d %H:%M} and nobody sends it"
        if row["lease_owner"] is not None:
            yield row["id"], f"held by {row['lease_owner']}"
    for row in h.leases:
        if row["until_at"] > h.now:
            yield row["name"], f"held by {row['owner']} until {row['until_at']}"
    for row in h.mails:
        if row["state"] not in (DONE, QUARANTINED):
            yield row["id"], f"mail still {row['state']}"


Rule = Callable[[History], Found]
RULES: tuple[Rule, ...] = (
    i1_every_planned_message_ends,
    i2_nothing_is_said_twice,
    i3_nothing_goes_out_after_it_was_settled,
    i4_everything_reaches_its_own_customer,
    i5_nobody_is_written_to_too_often,
    i6_every_byte_is_kept,
    i7_the_record_verifies,
    i8_every_mail_is_processed_once,
    i9_money_moves_by_the_ledger_alone,
    i10_doubt_is_visible_and_finite,
    i12_all_is_quiet_in_the_end,
)


def violations(history: History, rules: Sequence[Rule] = RULES) -> list[Violation]:
    """Return everything that is wrong with a history."""
    return [Violation(rule=rule.__name__, about=about, what=what) for rule in rules for about, what in rule(history)]


def check(history: History, context: str = "") -> None:
    """Fail the test with everything that is wrong, named."""
    wrong = violations(history)
    assert not wrong, f"{context}\n" + "\n".join(map(str, wrong[:30]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The figures of a run, as the tables print them."""

    messages: int
    delivered: int
    lost: int
    doubled: int
    unknown: int
    settled: int


def tally(history: History) -> Tally:
    """Count. `unknown`: ever in doubt; `settled`: of these, no longer so."""
    found = violations(
        history, (i1_every_planned_message_ends, i2_nothing_is_said_twice, i8_every_mail_is_processed_once)
    )
    doubted = {event.refs["message"] for event in history.events if event.type == "reminder.unknown"}
    still = {row["id"] for row in history.outbox if row["state"] == OutboxState.UNKNOWN}
    return Tally(
        messages=len(history.outbox),
        delivered=len(history.deliveries),
        lost=sum(one.what.startswith("LOST") for one in found),
        doubled=sum(one.what.startswith("DOUBLED") for one in found),
        unknown=len(doubted | still),
        settled=len(doubted - still),
    )
