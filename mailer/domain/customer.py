"""Who owes."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.domain.ids import CustomerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One debtor.

    `ref` is the seller's own customer number (unique). `email` is the address reminders go to ("" when unknown);
    `other_emails` are further known contacts. `language` is BCP 47 primary ("en"), `country` ISO 3166-1 alpha-2,
    `time_zone` an IANA name. `policy` names the customer's own policy, "" for the one its tag or the default gives.
    """

    id: CustomerId
    ref: str
    name: str
    email: str
    contact_name: str = ""
    other_emails: tuple[str, ...] = ()
    language: str = "en"
    country: str = "GB"
    time_zone: str = "Europe/London"
    policy: str = ""
    tags: tuple[str, ...] = ()

    @property
    def emails(self) -> tuple[str, ...]:
        """All known addresses, lower-cased, the main one first."""
        return tuple(dict.fromkeys(e.lower() for e in (self.email, *self.other_emails) if e))

    @property
    def domains(self) -> tuple[str, ...]:
        """The mail domains of the known addresses."""
        return tuple(dict.fromkeys(e.rpartition("@")[2] for e in self.emails))
