"""How `duly case why` reads: plain sentences, from the whole to the single invoice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailer.cli.telling import hold_words, who
from mailer.domain.agreement import Dispute, Hold, Promise
from mailer.domain.case import StepDone, StepHow
from mailer.flows.explain import Explanation, InvoiceStory
from mailer.reminders.ladder import Rung

_HOW = {
    StepHow.QUEUED: "in the outbox since",
    StepHow.SENT: "sent",
    StepHow.UNKNOWN: "perhaps sent (in doubt)",
    StepHow.FAILED: "refused by the mail server",
    StepHow.TASK_OPEN: "given to a person",
    StepHow.BY_HAND: "done by hand",
    StepHow.SKIPPED: "passed over",
}
#: A customer with more invoices than this is told about in short; each can be asked for by its number.
AT_LENGTH = 5


def lines(found: Explanation) -> Iterator[str]:
    """Yield what `duly case why` prints."""
    customer = found.facts.customer
    case = f", case {found.facts.case_id}" if found.facts.case_id else ", no case is running"
    yield f"{who(customer)}{case}; it is {found.today} there"
    yield f"policy {found.policy.name}@{found.policy.version} ({found.policy_from})"
    yield "Duly is live" if found.live else "Duly is PAUSED: nothing goes out until `duly resume`"
    yield _age(found)
    yield _spoken(found)
    yield from (f"address {address} may not be written to: {why}" for address, why in found.facts.suppressed)
    yield from (f"hold {hold_words(hold)}, on {_covered(found, hold)}{_mail(found, hold)}" for hold in found.holds)
    yield from (f"promise {_promise(one)}{_mail(found, one)}" for one in found.promises)
    yield from (f"dispute {one.id}: {one.reason}, {one.state}{_mail(found, one)}" for one in found.disputes)
    at_length = len(found.invoices) <= AT_LENGTH
    for story in found.invoices:
        yield ""
        yield from _invoice(story, found, at_length=at_length)
    if not at_length:
        yield ""
        yield f"For the whole ladder of one of them: duly case why {found.invoices[0].invoice.number}"


def _age(found: Explanation) -> str:
    if found.data_age_hours is None:
        return "the balances were never confirmed"
    age, limit = found.data_age_hours, found.max_data_age_hours
    return f"balances are {age:.0f} hours old ({'within' if age <= limit else 'OVER'} the {limit} that are allowed)"


def _spoken(found: Explanation) -> str:
    last = found.facts.last_contact_at
    gap = f"at least {found.policy.min_gap_days} days between two contacts"
    return f"last contact {last:%Y-%m-%d %H:%M} UTC; {gap}" if last else f"they never heard from us; {gap}"


def _covered(found: Explanation, hold: Hold) -> str:
    if not hold.invoice_ids:
        return "the whole customer"
    return ", ".join(i.number for i in found.facts.invoices if i.id in hold.invoice_ids) or "invoices long closed"


def _promise(one: Promise) -> str:
    until = f", pauses up to {one.pauses_until_on}" if one.is_running else ""
    return f"{one.id}: {one.amount.text if one.amount else 'all'} for {one.due_on}, {one.state}{until}"


def _mail(found: Explanation, one: Hold | Promise | Dispute) -> str:
    mail = found.mails.get(one.mail_id) if one.mail_id else None
    return f"; from the mail {mail.subject!r} of {mail.fetched_at:%Y-%m-%d} ({mail.id})" if mail else ""


def _invoice(story: InvoiceStory, found: Explanation, *, at_length: bool) -> Iterator[str]:
    invoice, status = story.invoice, story.status
    stands = f"{status.status.replace('_', ' ')} since {status.since_on} ({status.reason})"
    yield f"{invoice.number}: {invoice.open} open, due {invoice.due_on}; {stands}"
    if at_length:
        yield from (f"    {_done(done)}" for done in story.done)
    if story.turn is None:
        yield "    no step is ahead" + ("; a person decides how to go on" if invoice.is_open else "")
        return
    due = f"due since {story.turn.due_since}" if story.is_due else f"due from {story.turn.due_since}"
    yield f"    next: {_rung(story.turn)}, {due}"
    yield from (f"      against it now: {reason.why}" for reason in story.against)
    if story.is_due and not story.against:
        yield "      nothing is against it: the next run says it"
    elif story.next and story.next.on:
        provided = "" if found.live else ", once Duly is live"
        yield f"      expected on {story.next.on}: {story.next.step_id} ({story.next.why}){provided}"
    elif story.next:
        yield "      no day can be named: it takes a person, the ledger or a reply"
    if story.verdict and story.verdict.why not in {reason.why for reason in story.against}:
        yield f"      the last run decided: {story.verdict.why}"
    if at_length:
        yield from (f"    later: {_rung(rung)}, not before {rung.due_since}" for rung in story.later)


def _done(done: StepDone) -> str:
    again = f" (repeat {done.cycle})" if done.cycle else ""
    return f"{done.step_id}{again}: {_HOW[done.how]} {done.at:%Y-%m-%d %H:%M} UTC"


def _rung(rung: Rung) -> str:
    again = f" (repeat {rung.cycle})" if rung.cycle else ""
    return f"{rung.step.id}{again}, {rung.step.timing.words}"


def rows(found: Explanation) -> list[dict[str, Any]]:
    """Return one row per invoice, for programs."""
    return [
        {
            "invoice": story.invoice.number,
            "customer": found.facts.customer.name,
            "customer_ref": found.facts.customer.ref,
            "open": str(story.invoice.open),
            "due": story.invoice.due_on.isoformat(),
            "status": story.status.status.value,
            "reason": story.status.reason,
            "since": story.status.since_on.isoformat(),
            "policy": f"{found.policy.name}@{found.policy.version}",
            "policy_from": found.policy_from,
            "live": found.live,
            "data_age_hours": None if found.data_age_hours is None else round(found.data_age_hours, 1),
            "done": [_done(done) for done in story.done],
            "next_step": story.turn.step.id if story.turn else None,
            "due_since": story.turn.due_since.isoformat() if story.turn else None,
            "is_due": story.is_due,
            "against": [{"code": reason.code, "why": reason.why} for reason in story.against],
            "expected_on": story.next.on.isoformat() if story.next and story.next.on else None,
            "last_verdict": story.verdict.why if story.verdict else None,
            "holds": [one.id for one in found.holds if not one.invoice_ids or story.invoice.id in one.invoice_ids],
            "promises": [one.id for one in found.promises if story.invoice.id in one.invoice_ids],
            "disputes": [one.id for one in found.disputes if story.invoice.id in one.invoice_ids],
        }
        for story in found.invoices
    ]
