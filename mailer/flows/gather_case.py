"""Everything the store knows about one customer, as the plain values a case file is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mailer.domain.case import Case
from mailer.domain.customer import Customer
from mailer.domain.ids import InvoiceId
from mailer.domain.invoice import Invoice
from mailer.dossier.model import (
    CaseCustomer,
    CaseFile,
    CaseLog,
)
from mailer.dossier.profiles import PROFILES, Purpose, RedactionProfile
from mailer.dossier.redaction import Redaction, redacted_case
from mailer.flows.case_scope import CaseScope
from mailer.flows.gather_messages import Keep, Progress, gather_messages, number_messages, privileged_mails
from mailer.flows.gather_parts import Parts
from mailer.flows.log_key import fingerprint
from mailer.flows.package_dkim import dkim_words
from mailer.flows.package_log import Bound, LogView
from mailer.record.package import AUTHENTICATED
from mailer.store import customers, events, invoices
from mailer.store.events import RecordedEvent
from mailer.store.session import Tx


class NoSuchInvoice(LookupError):
    """The case file was to be limited to an invoice that this customer does not have."""


class CaseWentOn(ValueError):
    """The case went on after the entry that its file was to end with: its tables only know the present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who makes the case file and with what; `language` is the printable report's. By whom is only on record."""

    exported_by: str
    tool: str
    seller_name: str
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a case file is to hold. `at`: the size of the log that it ends with, None for all there is.

    `report`: with the PDF report, where it can be made; it takes the longest of all.
    """

    purpose: Purpose = Purpose.LAWYER
    invoice_number: str | None = None
    since: date | None = None
    at: int | None = None
    zipped: bool = False
    report: bool = False
    redact: RedactionProfile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """How the parts are taken: `bind` writes the events but those withheld, and says which it withheld besides.

    `keep` is given every mail with its bytes, one at a time. `keep_signatures` is given where the texts about
    signatures are kept, with the index of the entry that names each, and the SHA-256 that entries name.
    """

    view: LogView
    bind: Callable[[Mapping[int, str]], Awaitable[Bound]]
    keep: Keep
    keep_signatures: Callable[[Mapping[str, int], Mapping[int, frozenset[str]]], Awaitable[None]]
    redaction: Redaction | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The case file's values, and whose it is; `case` None when the customer never had one."""

    file: CaseFile
    customer: Customer
    case: Case | None


async def gather(  # long: the parts of a case file, in the order in which they need each other
    tx: Tx, customer: Customer, said: str, *, options: Options, origin: Origin, how: Gathering
) -> Gathered:
    """Return a customer's whole account, or what concerns one invoice of it and the account as a whole.

    `said` picks the case when it is a case's id, else the running or the latest one. Raises NoSuchInvoice, CaseWentOn,
    and what `bind` and `keep` raise.
    """
    view, now = how.view, how.view.at
    owed = await invoices.of_customers(tx, [customer.id])
    scope = CaseScope(
        invoice_id=scope_id(customer, owed, options.invoice_number),
        purpose=options.purpose,
        since=options.since,
        names={one.id: one.number for one in owed},
    )
    happened = await _happened(tx, customer, view)
    for event in happened:
        scope.learn(event)
    numbered = await number_messages(tx, customer, scope, view)
    if not PROFILES[options.purpose].privileged:
        scope.privileged |= await privileged_mails(tx, numbered)
    parts = Parts(tx=tx, customer=customer, scope=scope, happened=happened, view=view, redaction=how.redaction)
    promises, disputes = await parts.promises(), await parts.disputes()
    holds, contacts_ = await parts.holds(), await parts.contacts()
    withheld = parts.withheld(numbered)
    left_out = {one.log_index: one.why for one in withheld}
    bound = await how.bind(left_out)
    with_words = bound.shown
    shown = [event for event in happened if event.type == AUTHENTICATED and view.case[event.seq][0] in with_words]
    dkim = {event.refs["mail"]: dkim_words(event.payload) for event in shown}
    mails = await gather_messages(
        tx,
        numbered,
        scope,
        withheld=left_out,
        named=bound.named,
        dkim=dkim,
        keep=how.keep,
        redaction=how.redaction,
        progress=how.progress,
    )
    texts = {event.refs["authentication"]: view.case[event.seq][0] for event in shown}
    await how.keep_signatures(texts, bound.named)
    case = await running_case(tx, customer, said)
    file = CaseFile(
        case_id=case.id if case else customer.id,
        exported_at=now,
        tool=origin.tool,
        seller_name=origin.seller_name,
        language=origin.language,
        customer=_customer(customer),
        opened_at=case.opened_at if case else happened[0].at if happened else now,
        closed_at=case.closed_at if case else None,
        outcome=case.outcome if case else "",
        scope=options.invoice_number or "",
        invoices=await parts.invoices(owed, now),
        payments=await parts.payments(),
        messages=mails.messages,
        promises=promises,
        disputes=disputes,
        holds=holds,
        contacts=contacts_,
        events=parts.events(left_out),
        purpose=options.purpose,
        since=options.since,
        log=_log(view),
        fetched=parts.fetched(left_out),
        withheld=tuple(sorted((*withheld, *bound.redacted), key=lambda one: one.log_index)),
        not_retained=mails.gone,
    )
    file = redacted_case(file, how.redaction) if how.redaction else file
    return Gathered(file=file, customer=customer, case=case)


async def _happened(tx: Tx, customer: Customer, view: LogView) -> list[RecordedEvent]:
    """Return the customer's events up to the head. Raises CaseWentOn when others than exports came after it."""
    found: list[RecordedEvent] = []
    async for event in events.stream(tx, customer_id=customer.id):
        if event.seq in view.case:
            found.append(event)
        elif not event.type.startswith("export."):
            raise CaseWentOn(
                f"{customer.name} ({customer.ref}) has events after entry {view.head.size - 1} of the log, and "
                "balances and promises are only known as they are now: leave --at away, or look for the copy made then"
            )
    return found


def _log(view: LogView) -> CaseLog:
    head = view.head
    return CaseLog(origin=head.origin, size=head.size, root=head.root.hex(), key_sha256=fingerprint(view.verifier))


def scope_id(customer: Customer, owed: Sequence[Invoice], number: str | None) -> InvoiceId | None:
    """Return the id of the invoice that a case file is limited to. Raises NoSuchInvoice."""
    if number is None:
        return None
    for invoice in owed:
        if invoice.number == number:
            return invoice.id
    known = ", ".join(invoice.number for invoice in owed[:20]) or "none"
    raise NoSuchInvoice(f"{customer.name} ({customer.ref}) has no invoice {number!r}; there are: {known}")


async def running_case(tx: Tx, customer: Customer, said: str) -> Case | None:
    """Return the case meant by its id, else the running or the latest one."""
    found = await customers.cases_of(tx, customer.id)
    named = [case for case in found if case.id == said]
    running = [case for case in found if case.closed_at is None]
    return next(iter([*named, *running, *found]), None)


def _customer(customer: Customer) -> CaseCustomer:
    return CaseCustomer(
        ref=customer.ref,
        name=customer.name,
        emails=customer.emails,
        contact_name=customer.contact_name,
        country=customer.country,
        time_zone=customer.time_zone,
    )
