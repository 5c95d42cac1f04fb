"""`duly inbox authenticate`, and how the signatures of a mail are shown."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailer.cli.context import NEEDS_PERSON, InputRefused, actor, fail
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, say, show
from mailer.flows.authenticate_mail import authenticate as look_now
from mailer.flows.recheck_signatures import Rechecked, recheck
from mailer.record.dkim_values import CheckedSignature
from mailer.store import signatures
from mailer.store.session import Taken, Tx
from mailer.store.signatures import KeptAuthentication
from mailer.wiring import App

_COLUMNS = ("signature", "domain", "verdict", "why")


def register_on_inbox(inbox_app: typer.Typer) -> None:
    """Add the verb to `duly inbox`."""
    inbox_app.command("authenticate")(authenticate)


def authenticate(
    mail_id: Annotated[str, typer.Argument(metavar="MAIL", help="The mail's id, as in `duly inbox list`.")],
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="With the keys that were kept, no network; exit 1 when it differs.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Check who signed a mail (DKIM). Example: duly inbox authenticate mail_0f3k… --offline"""
    if offline:
        _offline(mail_id, output)
        return

    async def work(app: App) -> KeptAuthentication:
        authenticator = app.authenticator()
        if authenticator is None:
            raise InputRefused("keys are not asked for: set authentication.dkim in config.toml, or use --offline")
        try:
            return await look_now(authenticator, mail_id, actor=actor())
        except Taken:
            raise InputRefused("another process has just looked at it: `duly inbox show` tells") from None

    found = run(work)
    show([_row(one) for one in found.signatures], output, columns=_COLUMNS, empty=_whole(found))


def _offline(mail_id: str, output: Output) -> None:
    async def work(app: App) -> tuple[KeptAuthentication, tuple[Rechecked, ...]]:
        return await recheck(app.store, app.sandbox, mail_id)

    look, found = run(work)
    rows = [
        {
            **_row(one.then),
            "now": one.now.verdict.value if one.now else "no key was kept",
            "why": one.now.reason if one.now else one.then.reason,
            "same": one.is_same,
            "on_record": one.on_record,
        }
        for one in found
    ]
    show(rows, output, columns=(*_COLUMNS[:3], "now", "why"), empty=_whole(look))
    differ = [str(one.then.number) for one in found if not one.is_same]
    if differ:
        why = "what is kept was changed: `duly log verify` says more"
        fail(f"signature {', '.join(differ)} is not what it was on {look.checked_at:%Y-%m-%d}: {why}", NEEDS_PERSON)
    if output is Output.TABLE and rows:
        say(f"The same as on {look.checked_at:%Y-%m-%d %H:%M} UTC; mail and keys are those on record.")


async def authentication_rows(tx: Tx, mail_id: str) -> dict[str, Any]:
    """Return what is known of who signed a mail, for `duly inbox show`."""
    looks = await signatures.of_mail(tx, mail_id)
    if not looks:
        return {"dkim": "not looked at", "signatures": [], "server_said": []}
    return {
        "dkim": _whole(looks[0]),
        "signatures": [_row(one) for one in looks[0].signatures],
        "server_said": list(looks[0].results),
    }


def signature_words(row: dict[str, Any]) -> str:
    """Return a row as a line for people."""
    but = f"; but {'; '.join(row['but'])}" if row["but"] else ""
    why = f": {row['why']}" if row["why"] else ""
    return f"{row['verdict']} by {row['domain'] or 'nobody'} ({row['domain_and_from']} to From){why}{but}"


def _whole(look: KeptAuthentication) -> str:
    """Return what a look found in one line."""
    if not look.many and not look.reason:
        return f"it bears no signature (looked at on {look.checked_at:%Y-%m-%d})"
    why = f": {look.reason}" if look.reason else ""
    many = f" ({look.many} signatures)" if look.many > 1 else ""
    return f"{look.verdict.value}{why}{many} on {look.checked_at:%Y-%m-%d %H:%M} UTC"


def _row(one: CheckedSignature) -> dict[str, Any]:
    return {
        "signature": one.number,
        "domain": one.domain,
        "domain_and_from": one.alignment,
        "verdict": one.verdict.value,
        "why": one.reason,
        "but": list(one.weak),
        "selector": one.selector,
        "key_name": one.name,
        "key": one.record.decode("ascii", "replace"),
        "key_from": one.resolver,
        "key_asked_at": one.asked_at,
    }
