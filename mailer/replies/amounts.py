"""Amounts of money as people write them. They are claims: what is owed stands in the ledger."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.money import ClaimedAmount
from mailer.replies.amount_words import BIG_WORD_PARTS, BIG_WORDS, NAMED, PAYING, SHARE, SHARE_PARTS, UNCOUNTED
from mailer.replies.number_words import spoken

_SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "us$": "USD", "ca$": "CAD", "au$": "AUD", "c$": "CAD"}
_NAMES = {
    "euro": "EUR", "euros": "EUR", "eurs": "EUR", "pounds": "GBP", "pound": "GBP", "quid": "GBP", "sterling": "GBP",
    "libras": "GBP", "livres": "GBP", "pond": "GBP", "sterline": "GBP", "pfund": "GBP",
    "dollars": "USD", "dollar": "USD", "bucks": "USD", "dólares": "USD", "dolares": "USD", "dollari": "USD",
    "franken": "CHF", "fr.": "CHF", "sfr": "CHF", "francs": "CHF", "franchi": "CHF", "francos": "CHF",
}  # fmt: skip
_CODES = "EUR|GBP|USD|CHF|CAD|AUD|NZD|JPY|SEK|NOK|DKK|PLN|CZK"
_NUMBER = r"\d{1,3}(?:[.,'\u2019\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?"
_BEFORE = rf"(?:(?P<before>(?:US|CA|AU|C)?\$|[€£¥]|\b(?:{_CODES})\b)\s?)"
_AFTER = rf"(?:\s?(?P<after>[€£$¥]|(?:{_CODES}|{'|'.join(map(re.escape, _NAMES))})(?!\w)))"
_THOUSANDS = r"k|grand|thousand|tsd\.?|tausend|mille|mila|mil|duizend"
_AMOUNT = re.compile(
    rf"(?<![\w.,/-])(?=[^\d]{{0,4}}+\d){_BEFORE}?(?P<number>{_NUMBER})"
    rf"(?P<k>(?:k| (?:{_THOUSANDS}))(?!\w))?(?!\w|[.,/]\d|[.,]?-\d)"
    rf"(?:,?--?)?{_AFTER}?(?![\d/])",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_CENTS = re.compile(r"[.,]\d{2}$")
#: "8.500", "1,300": nobody writes anything else like that.
_GROUPED = re.compile(r"\d{1,3}(?:[.,'\u2019]\d{3})+")
_THOUSAND = 1000
_LEAST_ALONE, _MOST_ALONE = 32, 999_999  # below: days and counts
_YEARS = range(2000, 2040)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountFound:
    """An amount in a text: offsets and the claim. A share ("half", "50 %", "the rest") has no number, no currency."""

    start: int
    end: int
    claim: ClaimedAmount


def find_amounts(text: str) -> tuple[AmountFound, ...]:
    """Return the amounts of a text in order, without overlaps: numbers with a currency or with cents, and shares.

    A bare whole number is an amount only between words that say so: it may be an invoice number, a count or a day.
    """
    small = text.lower()
    found = _in_figures(text) if _DIGIT.search(text) else []
    if any(part in small for part in BIG_WORD_PARTS):
        found += _in_words(text)
    if any(part in small for part in SHARE_PARTS):
        shares = [(hit, ClaimedAmount(text=hit[0], amount=None, currency=None)) for hit in SHARE.finditer(text)]
        found += [_found(hit.start(), hit.end(), claim) for hit, claim in shares]
    kept: list[AmountFound] = []
    for one in sorted(found, key=lambda each: (each.claim.amount is None, each.start - each.end, each.start)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return tuple(sorted(kept, key=lambda one: one.start))


def _found(start: int, end: int, claim: ClaimedAmount) -> AmountFound:
    return AmountFound(start=start, end=end, claim=claim)


def _in_figures(text: str) -> list[AmountFound]:
    found: list[AmountFound] = []
    for hit in _AMOUNT.finditer(text):
        currency = _currency(hit["before"], hit["after"])
        if currency is None and not _is_money(hit, text):
            continue
        amount = _plain(hit["number"], thousands=bool(hit["k"]))
        claim = ClaimedAmount(text=hit[0].strip(), amount=amount, currency=currency)
        found.append(_found(hit.start(), hit.start() + len(hit[0].rstrip()), claim))
    return found


def _is_money(hit: re.Match[str], text: str) -> bool:
    """Whether a number without a currency is money: by its form, or by the words around it."""
    number = hit["number"]
    if re.fullmatch(r"(?:[0-2]?\d|3[01])\.[0-5]\d", number):
        return False  # a time or a day and month
    if _GROUPED.fullmatch(number) or hit["k"] or _CENTS.search(number):
        return True
    before = text[max(0, hit.start() - 60) : hit.start()]
    is_likely = number.isdecimal() and _LEAST_ALONE <= int(number) <= _MOST_ALONE and int(number) not in _YEARS
    is_named = number.startswith("0") or NAMED.search(before)
    after = text[hit.end() : hit.end() + 14]
    return bool(is_likely and not is_named and PAYING.search(before) and UNCOUNTED.match(after))


def _in_words(text: str) -> list[AmountFound]:
    found: list[AmountFound] = []
    for hit in BIG_WORDS.finditer(text):
        value = spoken(hit[0])
        currency = re.match(_AFTER, text[hit.end() : hit.end() + 12], re.IGNORECASE)
        if value and (currency or value >= _THOUSAND):
            end = hit.end() + (currency.end() if currency else 0)
            code = _currency(None, currency["after"]) if currency else None
            claim = ClaimedAmount(text=text[hit.start() : end], amount=f"{value}.00", currency=code)
            found.append(_found(hit.start(), end, claim))
    return found


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
