"""`duly inbox …`."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Any

import typer

from mailer.cli.authenticated import authentication_rows, signature_words
from mailer.cli.context import InputRefused, actor
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.domain.ids import InvoiceId
from mailer.domain.reading import Intent
from mailer.flows import decide_mail, receive_mail, withhold_mail
from mailer.flows.authenticate_mail import authenticate_new
from mailer.flows.decide_mail import Decision, Verdict
from mailer.flows.find_customer import the_customer
from mailer.flows.read_reply import read_stored
from mailer.sandbox.sandbox import SandboxRefused
from mailer.store import customers, events, inbox, invoices
from mailer.store.inbox import StoredMail
from mailer.wiring import App

MailArgument = Annotated[str, typer.Argument(metavar="MAIL", help="The mail's id, as in `duly inbox list`.")]
DAY = ["%Y-%m-%d"]
#: How much of a mail `inbox show` prints, in characters.
SHOWN = 20_000


def register_on_inbox(inbox_app: typer.Typer) -> None:
    """Add the verbs to `duly inbox`."""
    for name, verb in (
        ("fetch", fetch),
        ("list", list_),
        ("show", show_),
        ("assign", assign),
        ("decide", decide),
        ("reprocess", reprocess),
        ("withhold", withhold),
    ):
        inbox_app.command(name)(verb)


def fetch(
    since: Annotated[datetime | None, typer.Option(formats=DAY, help="Also take in older mail, as history.")] = None,
) -> None:
    """Fetch and read what is new. Example: duly inbox fetch --since 2026-10-01"""

    async def work(app: App) -> Any:
        fetched = await receive_mail.poll_all(app.intakes(), since=since.date() if since else None)
        read = await read_stored(app.reader())
        if authenticator := app.authenticator():
            await authenticate_new(authenticator)
        return fetched, read

    fetched, read = run(work)
    if fetched.busy:
        say("another process is reading this mailbox; nothing done")
        return
    say(f"{fetched.fetched} fetched, {read.read} read, {read.waiting} wait for a person")
    for words in fetched.trouble:
        say(f"not read: {words}")
    if fetched.missing:
        say(f"{fetched.missing} were left out by the server; they will be asked for again")


def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="All mail, not only what waits for a person.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the mail that waits for a person. Example: duly inbox list --all -o json"""

    async def work(app: App) -> list[dict[str, Any]]:
        async with app.store.reading() as tx:
            found = await inbox.listing(tx, needs_person=None if everything else True, limit=limit)
            people = await customers.by_ids(tx, [m.customer_id for m in found if m.customer_id])
        return [_row(mail, people[mail.customer_id].name if mail.customer_id in people else "") for mail in found]

    rows = run(work)
    empty = "No mail is stored yet: `duly inbox fetch`." if everything else "Nothing waits for you."
    show(rows, output, columns=("mail", "from", "customer", "subject", "why"), empty=empty)


def _row(mail: StoredMail, customer: str) -> dict[str, Any]:
    return {
        "mail": mail.id,
        "at": mail.sent_at or mail.fetched_at,
        "from": mail.from_email,
        "customer": customer,
        "subject": mail.subject,
        "kind": mail.kind,
        "matched_by": mail.method,
        "needs_person": mail.needs_person,
        "why": mail.why,
    }


def show_(mail_id: MailArgument, output: OutputOption = Output.TABLE) -> None:
    """Show one mail: whose it is and why, what was read, its text. Example: duly inbox show mail_0f3k…"""

    async def work(app: App) -> dict[str, Any]:
        async with app.store.reading() as tx:
            mail = await inbox.load(tx, mail_id)
            if mail is None:
                raise InputRefused(f"there is no mail {mail_id!r}: `duly inbox list --all` shows them")
            raw = await events.payload(tx, mail.payload_id)
            reading = await inbox.reading_of(tx, mail.id)
            who = await customers.by_ids(tx, [mail.customer_id] if mail.customer_id else [])
            signed = await authentication_rows(tx, mail.id)
        name = who[mail.customer_id].name if mail.customer_id in who else "nobody yet"
        text = await _text(app, raw)
        return {**_row(mail, name), **signed, "reading": json.dumps(reading, ensure_ascii=False), "text": text}

    found = run(work)
    if output is not Output.TABLE:
        one_json(found)
        return
    for key, value in {**found, "signatures": list(map(signature_words, found["signatures"]))}.items():
        for line in value if isinstance(value, list) else [value]:
            say(f"\n{line}" if key == "text" else f"{key.replace('_', ' '):>13}  {line}")


async def _text(app: App, raw: bytes | None) -> str:
    if not raw:
        return "(its bytes were let go)"
    try:
        return (await app.sandbox.parse(raw)).text[:SHOWN]
    except SandboxRefused as problem:
        return f"(not shown: {problem}; its bytes are kept)"


def assign(
    mail_id: MailArgument,
    customer: Annotated[str, typer.Argument(help="Case, customer or invoice number it belongs to.")],
) -> None:
    """Say whose a mail is; it then holds and is read. Example: duly inbox assign mail_0f3k… INV-2041"""

    async def work(app: App) -> bool:
        who, invoice_ids = await _meant(app, customer)
        return await decide_mail.assign(app.reader(), mail_id, who, invoice_ids, actor())

    _done(needs_person=run(work), mail_id=mail_id)


async def _meant(app: App, said: str) -> tuple[Any, tuple[InvoiceId, ...]]:
    async with app.store.reading() as tx:
        who = await the_customer(tx, said)
        named = await invoices.by_numbers(tx, [said])
    return who, tuple(i.id for i in named.values())


def reprocess(mail_id: MailArgument) -> None:
    """Read a stored mail again, as if it had just come. Example: duly inbox reprocess mail_0f3k…"""

    async def work(app: App) -> bool:
        return await decide_mail.reprocess(app.reader(), mail_id, actor())

    _done(needs_person=run(work), mail_id=mail_id)


def _done(*, needs_person: bool, mail_id: str) -> None:
    if needs_person:
        say(f"done; it waits for you: `duly inbox show {mail_id}`, then `duly inbox decide {mail_id} DECISION`")
        raise typer.Exit(1)
    say("done")


def decide(
    mail_id: MailArgument,
    decision: Annotated[Decision, typer.Argument(help="What it means; continue = nothing stops us.")],
    on: Annotated[datetime | None, typer.Option(formats=DAY, help="The promised day (promise).")] = None,
    reason: Annotated[str, typer.Option(help="The dispute's reason, or words for the record.")] = "",
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="Last day of the hold (hold).")] = None,
    intent: Annotated[list[Intent] | None, typer.Option(help="What it says (repeat), for `inbox decided`.")] = None,
) -> None:
    """Decide what a mail means. Example: duly inbox decide mail_0f3k… promise --on 2026-12-04"""
    verdict = Verdict(decision=decision, on=_day(on), reason=reason, until_on=_day(until), intents=tuple(intent or ()))

    async def work(app: App) -> None:
        await decide_mail.decide(app.reader(), mail_id, verdict, actor())

    run(work)
    say(f"decided: {decision.value}")


def withhold(
    mail_id: MailArgument,
    because: Annotated[str, typer.Option(help="Why, for the record.")],
    lift: Annotated[bool, typer.Option("--lift", help="Show it after all, whatever is written in it.")] = False,
) -> None:
    """Keep a mail out of case files for others. Example: duly inbox withhold mail_0f3k… --because mediation"""

    async def work(app: App) -> None:
        now = app.clock()
        await withhold_mail.mark(app.store, mail_id, because=because, is_withheld=not lift, actor=actor(), now=now)

    run(work)
    say("it is in every case file again" if lift else "case files for agency, court and customer list it as withheld")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
