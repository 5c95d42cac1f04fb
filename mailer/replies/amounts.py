"""Amounts of money as people write them. They are claims: what is owed stands in the ledger."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.money import ClaimedAmount

_SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "us$": "USD", "ca$": "CAD", "au$": "AUD", "c$": "CAD"}
_NAMES = {
    "euro": "EUR", "euros": "EUR", "pounds": "GBP", "pound": "GBP", "quid": "GBP", "sterling": "GBP",
    "dollars": "USD", "dollar": "USD", "bucks": "USD", "franken": "CHF", "fr.": "CHF", "sfr": "CHF",
}  # fmt: skip
_CODES = "EUR|GBP|USD|CHF|CAD|AUD|NZD|JPY|SEK|NOK|DKK|PLN|CZK"
_NUMBER = r"\d{1,3}(?:[.,'\u2019\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?"
_BEFORE = rf"(?:(?P<before>(?:US|CA|AU|C)?\$|[€£¥]|\b(?:{_CODES})\b)\s?)"
_AFTER = rf"(?:\s?(?P<after>[€£$¥]|(?:{_CODES}|{'|'.join(map(re.escape, _NAMES))})(?!\w)))"
_AMOUNT = re.compile(
    rf"(?<![\w.,/-]){_BEFORE}?(?P<number>{_NUMBER})(?P<k>k)?(?!\w|[.,/]\d){_AFTER}?(?![\d/])", re.IGNORECASE
)
_SHARE = re.compile(r"(?<!\w)(?:(?:the )?(?:other |first |second )?half|die hälfte|\d{1,3} ?%)(?!\w)", re.IGNORECASE)
_CENTS = re.compile(r"[.,]\d{2}$")
#: "8.500", "1,300": nobody writes anything else like that.
_GROUPED = re.compile(r"\d{1,3}(?:[.,'\u2019]\d{3})+")
_THOUSAND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountFound:
    """An amount in a text: offsets and the claim. A share ("half", "50 %") has no number and no currency."""

    start: int
    end: int
    claim: ClaimedAmount


def find_amounts(text: str) -> tuple[AmountFound, ...]:
    """Return the amounts of a text in order: numbers with a currency, or with cents; and shares.

    A bare whole number is nobody's amount: it may be an invoice number, a count or a day.
    """
    found: list[AmountFound] = []
    for hit in _AMOUNT.finditer(text):
        currency = _currency(hit["before"], hit["after"])
        is_grouped = bool(_GROUPED.fullmatch(hit["number"]))
        if currency is None and not (is_grouped or hit["k"] or _CENTS.search(hit["number"])):
            continue
        if currency is None and re.fullmatch(r"\d{1,2}\.\d{2}", hit["number"]):
            continue  # a time or a day and month
        amount = _plain(hit["number"], thousands=bool(hit["k"]))
        claim = ClaimedAmount(text=hit[0].strip(), amount=amount, currency=currency)
        found.append(AmountFound(start=hit.start(), end=hit.start() + len(hit[0].rstrip()), claim=claim))
    for hit in _SHARE.finditer(text):
        claim = ClaimedAmount(text=hit[0], amount=None, currency=None)
        found.append(AmountFound(start=hit.start(), end=hit.end(), claim=claim))
    return tuple(sorted(found, key=lambda one: one.start))


def _currency(before: str | None, after: str | None) -> str | None:
    for word in (before, after):
        if word:
            key = word.lower()
            return _SYMBOLS.get(key) or _NAMES.get(key) or word.upper()
    return None


def _plain(number: str, *, thousands: bool) -> str:
    """Return "1200.50" for 1,200.50, 1.200,50, 1'200.50 and 1 200,50: the last mark counts when two digits follow."""
    cents = re.search(r"[.,](\d{1,2})$", number)
    whole = re.sub(r"\D", "", number[: cents.start()] if cents else number)
    tail = cents[1].ljust(2, "0") if cents else "00"
    if thousands:  # "1.2k"
        return f"{int(whole) * _THOUSAND + int(tail) * _THOUSAND // 100}.00"
    return f"{whole.lstrip('0') or '0'}.{tail}"
