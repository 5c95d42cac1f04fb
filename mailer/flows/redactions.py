"""The shipped profiles of redaction, and one of them at work on a customer's case."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache, partial

from mailer.domain.customer import Customer
from mailer.dossier.profiles import RedactionProfile
from mailer.dossier.redaction import Redaction
from mailer.replies.redaction import redacted
from mailer.resources import config_dir
from mailer.store import invoices
from mailer.store.session import Tx


class NoSuchRedaction(ValueError):
    """There is no profile of that name; the sentence lists those there are."""


@cache  # the file comes with the program and does not change under it
def redaction_profiles() -> Mapping[str, RedactionProfile]:
    """Return the profiles by name."""
    tables = tomllib.loads((config_dir() / "redactions.toml").read_text(encoding="utf-8"))
    return {
        name: RedactionProfile(
            name=name,
            about=table["about"],
            blacked_out=frozenset(table["blacked_out"]),
            fields=frozenset(table["fields"]) if "fields" in table else None,
        )
        for name, table in tables.items()
    }


def redaction_profile(name: str) -> RedactionProfile:
    """Return a profile by its name. Raises NoSuchRedaction."""
    found = redaction_profiles().get(name)
    if found is None:
        raise NoSuchRedaction(f"there is no redaction {name!r}: give --redact one of {', '.join(redaction_profiles())}")
    return found


async def redaction_for(tx: Tx, customer: Customer, profile: RedactionProfile | None) -> Redaction | None:
    """Return how a customer's case is redacted: its known addresses go in any form, its invoices' numbers stay."""
    if profile is None:
        return None
    kept = frozenset(one.number for one in await invoices.of_customers(tx, [customer.id]))
    black = partial(_black, profile=profile, addresses=customer.emails, kept=kept)
    return Redaction(profile=profile, black=black)


def _black(text: str, *, profile: RedactionProfile, addresses: tuple[str, ...], kept: frozenset[str]) -> str:
    return redacted(text, addresses=addresses, labels=profile.blacked_out, kept=kept).text
