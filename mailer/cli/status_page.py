"""How `duly status` looks: a few lines on the service, then what waits for a person, the most pressing first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from mailer.cli.output import WIDTH
from mailer.flows.needs import KINDS, Need
from mailer.flows.overview import Overview

NEEDS = ("kind", "customer", "since", "what", "todo")
#: How a kind of need is headed, one and many.
_HEADINGS = {
    "frozen": ("stop of all sending", "stops of all sending"),
    "trouble": ("job in trouble", "jobs in trouble"),
    "setup": ("refusal that is about our own set-up", "refusals that are about our own set-up"),
    "ledger": ("ledger too old", "ledgers too old"),
    "unknown": ("mail in doubt", "mails in doubt"),
    "mail": ("mail to decide", "mails to decide"),
    "address": ("mail that could not be delivered", "mails that could not be delivered"),
    "hold": ("hold past its deadline", "holds past their deadline"),
    "dispute": ("dispute to accept or decline", "disputes to accept or decline"),
    "task": ("call or letter to do", "calls and letters to do"),
    "not_written": ("mail that could not be written", "mails that could not be written"),
    "policy": ("customer without a policy", "customers without a policy"),
    "no_address": ("customer without an address", "customers without an address"),
    "suppressed": ("customer with a silenced address", "customers with a silenced address"),
    "notice_first": ("ladder that cannot start", "ladders that cannot start"),
    "copy": ("copy missing in the Sent folder", "copies missing in the Sent folder"),
    "ended": ("ladder that has ended", "ladders that have ended"),
}


def lines(page: Overview) -> Iterator[str]:
    """Yield the page up to the table of what goes out next, which follows its heading."""
    if "frozen" in page.need_counts:
        yield "All sending is ON HOLD until you have looked: `duly outbox held`."
    yield "Duly is live." if page.live else "Duly is PAUSED: nothing goes out until `duly resume`."
    yield f"ledger   {_ledger(page)}"
    states = ", ".join(f"{many} {state}" for state, many in sorted(page.outbox.items()))
    yield f"outbox   {states or 'empty'}"
    looked = ", ".join(f"{folder} {_ago(page.now, at)}" for folder, at in page.polled.items())
    yield f"mail     {page.mails} stored, {page.mails_of_nobody} of nobody known; last look: {looked}"
    yield ""
    if not page.need_counts:
        yield "Nothing waits for a person."
    for kind in KINDS:
        if many := page.need_counts.get(kind, 0):
            yield f"{many} {_HEADINGS[kind][many > 1]}"
            mine = [need for need in page.needs if need.kind == kind]
            for need in mine:
                yield from _need(need)
            if many > len(mine):
                yield f"  … and {many - len(mine)} more: --limit {many} shows all"
    yield ""
    yield _next_heading(page)


def _ledger(page: Overview) -> str:
    ledger = page.ledger
    counted = f"{ledger.open_invoices} of {ledger.invoices} invoices open, {ledger.customers_in_motion} customers"
    if ledger.as_of is None:
        return f"{counted}; never confirmed: `duly invoices import FILE`"
    age = f"balances confirmed {_ago(page.now, ledger.as_of)}"
    return f"{counted}; {age}{', TOO OLD to send on' if ledger.is_stale else ''}"


def _next_heading(page: Overview) -> str:
    if not page.next_sends:
        return "Nothing is to go out up to the end of the next business day."
    cut = f", the first {len(page.next_sends)} of {page.next_sends_count}" if _is_cut(page) else ""
    provided = "" if page.live else ", once Duly is live"
    stale_at = page.ledger.stale_at
    if stale_at is not None and page.next_sends[-1].at > stale_at:
        provided += ", and if the balances are confirmed by then"
    return f"To go out up to the end of the next business day{cut}{provided}:"


def _is_cut(page: Overview) -> bool:
    return page.next_sends_count > len(page.next_sends)


def _need(need: Need) -> Iterator[str]:
    name = f"{need.customer} ({need.ref}): " if need.ref else ""
    since = f", since {need.since:%Y-%m-%d}" if need.since else ""
    yield textwrap.fill(f"{name}{need.what}{since}", WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield f"    -> {need.todo}"


def _ago(now: datetime, at: datetime | None) -> str:
    """Return how long ago that was, roughly ("3 hours ago")."""
    if at is None:
        return "never"
    passed = max(now - at, timedelta())
    for unit, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if many := passed // size:
            return f"{many} {unit}{'s' if many > 1 else ''} ago"
    return "just now"


def as_row(page: Overview) -> dict[str, Any]:
    """Return the page for programs, without what goes out next."""
    ledger = page.ledger
    return {
        "mode": "live" if page.live else "paused",
        "at": page.now.isoformat(timespec="seconds"),
        "ledger": {
            "customers": ledger.customers_in_motion,
            "invoices": ledger.invoices,
            "open_invoices": ledger.open_invoices,
            "as_of": ledger.as_of.isoformat(timespec="seconds") if ledger.as_of else None,
            "stale_at": ledger.stale_at.isoformat(timespec="seconds") if ledger.stale_at else None,
            "is_stale": ledger.is_stale,
        },
        "outbox": page.outbox,
        "mails": {"stored": page.mails, "waiting": page.mails_waiting, "of_nobody": page.mails_of_nobody},
        "polled": {name: at.isoformat(timespec="seconds") if at else None for name, at in page.polled.items()},
        "need_counts": page.need_counts,
        "needs": [need_row(need) for need in page.needs],
        "next_sends_count": page.next_sends_count,
    }


def need_row(need: Need) -> dict[str, Any]:
    """Return one need for programs and spreadsheets."""
    return {
        "kind": need.kind,
        "customer": need.customer,
        "customer_ref": need.ref,
        "since": need.since.isoformat(timespec="minutes") if need.since else None,
        "what": need.what,
        "todo": need.todo.replace("`", ""),
    }
