"""Which policy and which calendar hold for a customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.reminders.calendar import SendCalendar, public_holidays
from mailer.reminders.policy import Policy, policy_name_for


class PolicyMissing(LookupError):
    """A customer, a tag or the settings name a policy that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies by name, policies by tag (first match wins), and the default's name."""

    by_name: Mapping[str, Policy]
    assignments: Mapping[str, str]
    default: str

    def of(self, customer: Customer) -> Policy:
        """Return a customer's policy: its own, its tag's, or the default. Raises PolicyMissing."""
        return self.named(policy_name_for(customer, self.assignments, self.default))

    def named(self, name: str) -> Policy:
        """Return a policy by name; raises PolicyMissing naming those there are."""
        if name not in self.by_name:
            message = f"there is no policy {name!r}; there are: {', '.join(sorted(self.by_name))} (`duly policy list`)"
            raise PolicyMissing(message)
        return self.by_name[name]


def calendar_of(customer: Customer, policy: Policy, now: datetime) -> SendCalendar:
    """Return the customer's send calendar: the policy's window in the customer's zone, the country's holidays."""
    year = now.astimezone(ZoneInfo(customer.time_zone)).year
    return SendCalendar.of(policy.window, time_zone=customer.time_zone, holidays=_holidays(customer.country, year))


@lru_cache(maxsize=512)
def _holidays(country: str, year: int) -> frozenset[date]:
    return public_holidays(country, year, year + 1)


def rules_of(policies: Policies, facts: CaseFacts, now: datetime) -> tuple[Policy, SendCalendar]:
    """Return the policy and the calendar that hold for a customer."""
    policy = policies.of(facts.customer)
    return policy, calendar_of(facts.customer, policy, now)
