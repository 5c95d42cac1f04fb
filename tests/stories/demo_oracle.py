"""What `duly demo` must have come to, worked out from the mails on the wire and the shipped script alone.

Nothing of Duly and nothing of the demo is imported here: two programs that agree are worth more than one.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

GRACE_BUSINESS_DAYS = 2
MIN_GAP_DAYS = 5
NUMBER = re.compile(r"\bBW-\d{4}\b")


def days_later(day: date, business_days: int) -> date:
    """The business day (Monday to Friday) so many after a day."""
    for _ in range(business_days):
        day += timedelta(days=3 if day.weekday() == 4 else 1)
    return day


@dataclass(frozen=True, kw_only=True)
class Wire:
    """One mail as the server saw it; `place` counts from 0 in the order of arrival."""

    place: int
    at: datetime
    sender: str
    to: str
    refused: bool
    mail: EmailMessage | None

    @property
    def text(self) -> str:
        body = self.mail.get_body(("plain",)) if self.mail is not None else None
        return re.sub(r"\s", " ", body.get_content()) if body is not None else ""

    @property
    def numbers(self) -> set[str]:
        """The invoices a reminder lists."""
        return set(NUMBER.findall(self.text))


@dataclass(frozen=True, kw_only=True)
class Act:
    """A reaction of the script that has come to pass: on which day, and the answer, if one was written."""

    customer: dict[str, Any]
    reaction: dict[str, Any]
    on: date
    answer: Wire | None

    @property
    def invoices(self) -> set[str]:
        return set(self.reaction["invoices"])

    @property
    def promised_on(self) -> date:
        return days_later(self.on, self.reaction["promises_in_business_days"])

    @property
    def pauses_until(self) -> date:
        return days_later(self.promised_on, GRACE_BUSINESS_DAYS)


class Oracle:
    def __init__(self, captures: Path, config: Path) -> None:
        self.script = tomllib.loads((config / "customers.toml").read_text("utf-8"))
        with (config / "ledger.csv").open(encoding="utf-8", newline="") as rows:
            every = {row["number"]: row for row in csv.DictReader(rows)}
        self.zone = ZoneInfo(self.script["time_zone"])
        self.last_day = days_later(self.script["first_day"], self.script["business_days"] - 1)
        self.ledger = {n: row for n, row in every.items() if date.fromisoformat(row["issued_on"]) <= self.last_day}
        self.seller = self.script["seller"]["address"]
        self.wire = list(_wire(captures))
        self.acts = [act for customer in self.script["customers"] for act in self._acts(customer)]

    # --- what happened

    def reminders(self, customer: dict[str, Any]) -> list[Wire]:
        """Those a customer's server took, oldest first."""
        return [one for one in self.wire if one.sender == self.seller and one.to == customer["email"] and one.mail]

    def attempts(self, customer: dict[str, Any]) -> list[Wire]:
        return [one for one in self.wire if one.sender == self.seller and one.to == customer["email"]]

    def incoming(self) -> list[Wire]:
        """Everything that reached the seller's mailbox."""
        domain = self.seller.rpartition("@")[2]
        return [one for one in self.wire if one.mail and one.to.rpartition("@")[2] == domain]

    def answers(self, customer: dict[str, Any]) -> list[Wire]:
        return [one for one in self.incoming() if customer["email"] in str(one.mail and one.mail["From"])]

    def local_day(self, one: Wire) -> date:
        return one.at.astimezone(self.zone).date()

    def _read_on(self, one: Wire) -> date:
        """Customers look into their mailbox before each round: what the day's last round sent is read next day."""
        last = max(time.fromisoformat(text) for text in self.script["rounds"])
        sent = one.at.astimezone(self.zone)
        return days_later(sent.date(), 1) if sent.time() >= last else sent.date()

    def _acts(self, customer: dict[str, Any]) -> Iterator[Act]:
        got, answers = self.reminders(customer), iter(self.answers(customer))
        for reaction in customer.get("reactions", ()):
            if len(got) < reaction["reminder"]:
                continue
            on = days_later(self._read_on(got[reaction["reminder"] - 1]), reaction["after_business_days"])
            answer = next(answers, None) if "says" in reaction else None
            yield Act(customer=customer, reaction=reaction, on=on, answer=answer)

    def said(self, what: str) -> list[Act]:
        return [act for act in self.acts if act.reaction.get("says") == what]

    def balance(self, number: str, day: date) -> Decimal:
        """What the ledger of that morning shows as open."""
        left = Decimal(self.ledger[number]["open"])
        for act in self.acts:
            days = act.reaction.get("pays_in_business_days")
            if days is not None and number in act.invoices and days_later(act.on, days) <= day:
                left -= min(left, Decimal(act.reaction.get("amount", left)))
        return left

    def unreachable(self) -> set[str]:
        """The invoices of customers whose mail was refused or came back."""
        lost = {one["id"] for one in self.script["customers"] if "mailbox" in one and self.attempts(one)}
        return {number for number, row in self.ledger.items() if row["customer"] in lost}

    # --- what must have come of it

    def summary(self) -> dict[str, int]:
        statuses = self.statuses().values()
        promises = [self.promise(act) for act in self.said("promise")]
        return {
            "mails_sent": sum(len(self.reminders(customer)) for customer in self.script["customers"]),
            "replies_read": len(self.incoming()),
            "promises_kept": promises.count("kept"),
            "promises_broken": promises.count("broken"),
            "disputes": len(self.said("dispute")),
            "held": sum(status in {"claimed_paid", "on_hold"} for status in statuses),
            "unmatched": len(self.script["strangers"]),
        }

    def promise(self, act: Act) -> str:
        if all(self.balance(number, min(act.pauses_until, self.last_day)) == 0 for number in act.invoices):
            return "kept"
        return "broken" if act.pauses_until < self.last_day else "running"

    def statuses(self) -> dict[str, str]:
        return {number: self._status(number, row) for number, row in self.ledger.items()}

    def _status(self, number: str, row: dict[str, str]) -> str:
        left, due = self.balance(number, self.last_day), date.fromisoformat(row["due_on"])
        if left == 0:
            return "paid"
        if any(number in act.invoices for act in self.said("dispute")):
            return "disputed"
        if any(number in act.invoices for act in self.said("already_paid")):
            return "claimed_paid"
        if any(number in act.invoices and self.promise(act) == "running" for act in self.said("promise")):
            return "promised"
        if number in self.unreachable() or any(number in act.invoices for act in self.said("unclear")):
            return "on_hold"
        if due >= self.last_day:
            return "due" if due == self.last_day else "not_due"
        return "overdue" if left == Decimal(row["total"]) else "part_paid"

    # --- what must never have happened

    def wrongs(self) -> list[str]:
        """Every mail that should not have gone out, in words; [] for a clean run."""
        found = []
        for customer in self.script["customers"]:
            mails = self.attempts(customer)
            found += [f"a mail after a failure: {one.to}" for one in mails[1:] if "mailbox" in customer]
            for before, after in pairwise(mails):
                if (self.local_day(after) - self.local_day(before)).days < MIN_GAP_DAYS:
                    found.append(f"two mails in {MIN_GAP_DAYS} days: {after.to} {after.at}")
            found += [wrong for one in mails for wrong in self._wrong_lines(one)]
        known = {one["email"] for one in self.script["customers"]}
        found += [
            f"a mail to a stranger: {one.to}" for one in self.wire if one.sender == self.seller and one.to not in known
        ]
        return found

    def _wrong_lines(self, one: Wire) -> Iterator[str]:
        day = self.local_day(one)
        if one.mail is not None and not one.numbers:
            yield f"a mail about nothing: {one.to} {one.at}"
        for number in one.numbers:
            left = self.balance(number, day)
            if left == 0:
                yield f"{number} was asked for on {day} after it was paid"
            elif _amount(left, self.ledger[number]["language"]) not in one.text:
                yield f"{number} was asked for on {day} without its balance {left}"
            yield from (f"{number} was asked for on {day} {why}" for why in self._forbidden(number, day, one.place))

    def _forbidden(self, number: str, day: date, place: int) -> Iterator[str]:
        for act in self.acts:
            if number not in act.invoices or act.answer is None or place < act.answer.place:
                continue
            match act.reaction["says"]:
                case "promise" if day <= act.pauses_until:
                    yield f"while the promise for {act.promised_on} ran"
                case "away" if day < act.reaction["away_until"]:
                    yield "while its reader was away"
                case "dispute" | "already_paid" | "unclear" as what:
                    yield f"after the answer {what}"
                case _:
                    pass

    def loose_ends(self) -> list[str]:
        """What the script says and the wire does not show, or the other way round; [] when the story was told."""
        found = []
        for customer in self.script["customers"]:
            mine = [act for act in self.acts if act.customer is customer]
            found += [f"{customer['id']}: a reaction was never called for"] * (
                len(customer.get("reactions", ())) - len(mine)
            )
            spoken = [act for act in mine if "says" in act.reaction]
            if len(self.answers(customer)) != len(spoken):
                found.append(f"{customer['id']}: {len(self.answers(customer))} answers instead of {len(spoken)}")
            found += [
                f"{customer['id']}: not answered on {act.on}"
                for act in spoken
                if act.answer is not None and self.local_day(act.answer) != act.on
            ]
        return found


def _amount(value: Decimal, language: str) -> str:
    text = f"{value:,.2f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


def _wire(captures: Path) -> Iterator[Wire]:
    lines = (captures / "captures.jsonl").read_text("utf-8").splitlines()
    for place, line in enumerate(lines):
        values = json.loads(line)
        [recipient] = values["to"]
        raw = (captures / values["file"]).read_bytes() if values["file"] else None
        yield Wire(
            place=place,
            at=datetime.fromisoformat(values["at"]),
            sender=values["from"],
            to=recipient,
            refused=bool(values["refused"]),
            mail=message_from_bytes(raw, EmailMessage, policy=policy.default) if raw is not None else None,
        )
