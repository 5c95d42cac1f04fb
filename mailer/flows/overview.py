"""How the service stands, on one page: mode, ledger, mail, what waits for a person, and what goes out next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.actions import SendReminder
from mailer.domain.case import CaseFacts
from mailer.flows.delivery_needs import needs_of_delivery
from mailer.flows.needs import Need, needs_of_case, needs_of_mail, needs_of_service, without_policy
from mailer.flows.plan_reminders import CHUNK, THANKS
from mailer.flows.policies import Policies, PolicyMissing, rules_of
from mailer.flows.simulate import SimulatedSend, Visit, sends_of, visits
from mailer.store import case_facts, customers, inbox, invoices, outbox, state
from mailer.store import folders as folder_store
from mailer.store.session import Store, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How many there are, and how old the balances are; `stale_at`: when they grow too old to send on."""

    customers_in_motion: int
    invoices: int
    open_invoices: int
    as_of: datetime | None
    stale_at: datetime | None
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The whole page. `needs` (of each kind) and `next_sends` are cut to the limit asked for; the counts are not.

    `polled` is when each folder was last looked into, None for never. `next_sends` are the mails and tasks up to the
    end of the next business day, if Duly is live and the balances stay fresh.
    """

    live: bool
    now: datetime
    ledger: Ledger
    outbox: dict[str, int]
    mails: int
    mails_waiting: int
    mails_of_nobody: int
    polled: dict[str, datetime | None]
    needs: tuple[Need, ...]
    need_counts: dict[str, int]
    next_sends: tuple[SimulatedSend, ...]
    next_sends_count: int


@dataclass(slots=True, kw_only=True)
class _Found:
    """What the customers add up to, cut while it is gathered so that a big ledger stays small in memory."""

    limit: int
    needs: dict[str, list[Need]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    sends: list[SimulatedSend] = field(default_factory=list)
    sends_count: int = 0

    def add(self, needs: Sequence[Need]) -> None:
        """Keep what waits longest of each kind, and count the rest."""
        for need in needs:
            self.counts[need.kind] += 1
            mine = sorted((*self.needs.get(need.kind, ()), need), key=lambda one: one.order)
            self.needs[need.kind] = mine[: self.limit]

    def add_sends(self, sends: Sequence[SimulatedSend]) -> None:
        """Keep what goes out first, and count the rest."""
        self.sends_count += len(sends)
        every = sorted((*self.sends, *sends), key=lambda send: (send.on, send.at, send.customer.name))
        self.sends = every[: self.limit]


async def overview(
    store: Store,
    policies: Policies,
    *,
    mailbox: str,
    folders: Sequence[str],
    max_data_age_hours: int,
    now: datetime,
    limit: int = 20,
) -> Overview:
    """Return how things stand at `now`; reads every customer in motion in chunks, writes nothing.

    `mailbox` and `folders` are the names under which mail is taken in (`Intake`).
    """
    found = _Found(limit=limit)
    async with store.reading() as tx:
        ids = await customers.in_motion(tx, paid_since=(now - THANKS).date())
        for part in customers.chunks(ids, CHUNK):
            for facts in (await case_facts.load(tx, part, now=now)).values():
                _look(found, facts, policies, now)
        ledger = await _ledger(tx, len(ids), max_data_age_hours, now)
        found.add(await needs_of_service(tx, is_stale=ledger.is_stale and ledger.open_invoices > 0))
        every, waiting, nobody = await inbox.counts(tx)
        mail = await needs_of_mail(tx, limit=limit)
        found.add([*mail, *await needs_of_delivery(tx, now)])
        counts = {**found.counts, "mail": waiting} if waiting else dict(found.counts)
        return Overview(
            live=await state.is_live(tx),
            now=now,
            ledger=ledger,
            outbox=await outbox.counts(tx),
            mails=every,
            mails_waiting=waiting,
            mails_of_nobody=nobody,
            polled=await _polled(tx, mailbox, folders, now),
            needs=tuple(sorted((n for those in found.needs.values() for n in those), key=lambda need: need.order)),
            need_counts=counts,
            next_sends=tuple(found.sends),
            next_sends_count=found.sends_count,
        )


def _look(found: _Found, facts: CaseFacts, policies: Policies, now: datetime) -> None:
    """Add what one customer needs and gets up to the end of its next business day; tasks on the list stay undone."""
    try:
        calendar = rules_of(policies, facts, now)[1]
        end = calendar.business_day_from(calendar.local_day(now) + timedelta(days=1))
        until = datetime.combine(end, time.max, tzinfo=ZoneInfo(calendar.time_zone))
        for number, visit in enumerate(visits(facts, policies, now=now, until=until, tasks_done=False)):
            if number == 0:
                found.add(needs_of_case(visit.facts, visit.planned, visit.calendar.local_day(now)))
            found.add_sends(list(sends_of(visit)))
            if _is_enough(visit, until):
                return
    except PolicyMissing as problem:
        found.add([without_policy(facts, str(problem), now)])


def _is_enough(visit: Visit, until: datetime) -> bool:
    """Whether the gap after what was just said is longer than we look ahead (a thank-you alone would not wait it)."""
    gap_ends = visit.at + timedelta(days=visit.policy.min_gap_days)
    is_said = any(isinstance(action, SendReminder) for action in visit.actions)
    return is_said and gap_ends > until and all(invoice.is_open for invoice in visit.facts.invoices)


async def _ledger(tx: Tx, in_motion: int, max_data_age_hours: int, now: datetime) -> Ledger:
    every, still_open = await invoices.counts(tx)
    as_of = await state.ledger_as_of(tx)
    stale_at = None if as_of is None else as_of + timedelta(hours=max_data_age_hours)
    return Ledger(
        customers_in_motion=in_motion,
        invoices=every,
        open_invoices=still_open,
        as_of=as_of,
        stale_at=stale_at,
        is_stale=stale_at is None or now > stale_at,
    )


async def _polled(tx: Tx, mailbox: str, names: Sequence[str], now: datetime) -> dict[str, datetime | None]:
    """Return the last look into each folder that is to be read, and into every other one that was read this week."""
    looked: dict[str, datetime | None] = dict.fromkeys(names)
    for at in await folder_store.every(tx):
        is_main = at.mailbox == mailbox
        if (is_main and at.folder in looked) or now - at.polled_at < timedelta(days=7):
            looked[at.folder if is_main else f"{at.folder} of {at.mailbox}"] = at.polled_at
    return looked
