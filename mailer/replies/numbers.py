"""Invoice numbers as people write them: found, and reduced to one form that a column can be searched by."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

from mailer.domain.message import InboundMail
from mailer.replies.attached import attached_texts
from mailer.replies.needles import needles
from mailer.replies.zones import Zones, words_of

_MAX_SCANNED_CHARS = 100_000
_MAX_KEYS = 300
_GAP = r"[-_/.#\u2010-\u2014\u2212 \t]"
#: Between groups of digits: one sign, or a dash or slash with a space beside it, or the end of the line behind it.
_JOINT = rf"(?:[ \t]?[-/\u2013][ \t\n]?|{_GAP})"
#: A group of digits, with letters among them; a machine that reads paper takes a nought for an O.
_GROUP = r"(?:\d|[OoIl](?=\d{2}))[\dA-Za-z]{0,19}"
#: Perhaps letters, then groups of digits: "INV-2026-0412", "RE 2041", "2026/0412". No digit near, no further look.
_CANDIDATE = re.compile(
    r"(?<!\w)(?=[^\d]{0,13}+\d)(?:(?<![.,+])(?<!\d['\u2019])|(?<=\d{4},))"
    rf"(?:([A-Za-zÄÖÜäöü]{{1,10}}+){_GAP}{{0,3}})?({_GROUP}(?:{_JOINT}{_GROUP}){{0,4}}(?:[-/][A-Z]{{1,4}}(?![\w-]))?)"
    r"(?![\w@]|[.,]\d{1,3}(?![\d/]))"
)
_DIGIT = re.compile(r"\d")
_GROUP_GAP = re.compile(_JOINT)
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}(?:[./-](?:\d{4}|\d{2})?)?|\d{4}-\d{2}-\d{2}|(?:201[5-9]|202\d|203[0-5])")
_MONEY_BEFORE = re.compile(
    r"(?:[€£$¥]|\b(?:EUR|USD|GBP|CHF|CAD|AUD|Euro|Betrag|amount|total))[^\S\n]?\Z", re.IGNORECASE
)
#: More letters than those have, with the space behind them and the one that ends the word before them.
_LONGEST_MONEY = 10
_MONEY_AFTER = re.compile(r"[^\S\n]?(?:[€£$¥%]|(?:EUR|USD|GBP|CHF|CAD|AUD|Euros?|pounds|dollars)\b|,-)", re.IGNORECASE)
#: Numbers of other things, when they stand without letters of their own.
_OTHER_BEFORE = re.compile(
    r"(?:\bP\.?O\.?|purchase order|\border|Bestell\w{0,20}|Auftrag\w{0,20}|\btel\w{0,20}|"
    r"phone|fax|mobile?|ext|IBAN|BIC|"
    r"account|\bKonto\w{0,20}|"
    r"sort code|customer|Kunden\w{0,20}|ticket|case|HRB|VAT|UID|USt\S*)[-. :#]{0,3}(?:no\.?|nr\.?|number|"
    r"nummer)?[ :#.]{0,3}\Z",
    re.IGNORECASE,
)
#: Small letters of which each of those holds some, where there are no others than those of ASCII.
_OTHER_PARTS = needles(_OTHER_BEFORE.pattern.lower())
#: What mail systems put before the subject of a mail from outside, or of a ticket: "[EXTERNAL]", "[#4711]".
_TAG = r"\s*\[[^\]\n]{2,30}\]\s*"
_SYSTEMS_TAG = re.compile(r"\s*\[(?:ext|external|externe?|esterno|externo)\]\s*", re.IGNORECASE)
_REPLY_PREFIX = re.compile(
    rf"^(?:{_TAG})?\s*(?:re|aw|antw|wg|fwd?|sv|vs|rv|tr|rif|r|i|doorst|réf?)\s?(?:\[\d{{1,3}}\])?\s?:", re.IGNORECASE
)
#: Whole dates and phone numbers: no part of them is a number of ours. It begins with one set: so it is found fast.
#: No phone number goes on in the next column of a table, or begins behind "2026/"; "0412/26" is none.
_NOT_OURS = re.compile(
    r"[+\d](?:(?<=\d)(?<![\w-].)(?:\d{3}-\d{2}-\d{2}|\d?[./]\d{1,2}[./](?:\d{4}|\d{2}))(?![\w-])|"
    r"(?<=\+)\d[\d ()/.-]{6,30}|"
    r"(?<=0)(?<![\w-].)(?<!\w[./].)(?!\d{2,5}/(?:20)?\d\d(?!\d))(?=[\d ()/]{8})\d(?: ?[\d()/]){6,30})",
    re.DOTALL,
)
#: "INV-1": letters tied to the digits need no more than one of those; "on 12" is no number.
_TIED = re.compile(r"[A-ZÄÖÜ]{2,10}[-/#]?\d")
#: "Invoice 57", "n° 57": words and signs behind which few digits are a number.
_CALLED = frozenset("invoice inv rechnung rg facture fact factura factuur fattura nr num bill".split())
_INVOICE_NO = re.compile(r"(?i)\b(?:invoice|bill|inv)\W{1,3}no\W{0,4}\Z")
_SIGNS = frozenset("#°º")
#: What a machine that reads paper, or a hurried hand, takes for what.
_SLIPS = str.maketrans("OoQIlSBZ", "00011582")
_HAS_SLIP = re.compile(r"(?<=\d)[OoQIlSBZ]|[OoQIlSBZ](?=\d)")
_SLIP_BEFORE = re.compile(r"[1l](?=[A-Z]{2})")
_NO_LETTER = re.compile(r"[\W_]+")
_LEADING_ZEROS = re.compile(r"^(\D*)0+(?=\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")
#: Of those people say "500 pieces" and "since 2024".
_COMMON = re.compile(rf"\d*00|{_YEAR.pattern}")
_SHORTEST_DIGITS = 3
_SHORTEST_BARE_DIGITS = 4
_SHORTEST_CALLED = 2
_MOST_PREFIXES = 5


@lru_cache(maxsize=10_000)  # one number of a mail is looked at in many ways
def normalise_number(text: str) -> str:
    """Return an invoice number without case, spaces, dashes, slashes, dots and zeros before its first other digit.

    "INV-02041", "inv 2041" and "Inv/2041" are all "INV2041". The store keeps a column made by this same function.
    Something made of zeros only keeps one; "" stays "".
    """
    flat = _NO_LETTER.sub("", text if text.isascii() else unicodedata.normalize("NFKC", text)).upper()
    return _LEADING_ZEROS.sub(r"\1", flat)


def number_keys(mail: InboundMail, zones: Zones) -> tuple[str, ...]:
    """Return normalised candidates from subject, own words, quoted words and attachments, likeliest first.

    They are keys for a look-up, no more: most of them are nobody's number. Amounts, dates, phone and order numbers
    are left out where their surroundings show what they are.
    """
    texts = (
        words_of(mail.text, zones.own),
        mail.subject,
        words_of(mail.text, zones.quoted),
        *(re.sub(r"_", " ", attachment.name) for attachment in mail.attachments),
        *(one.text for one in attached_texts(mail)),
    )
    return _keys_of(texts)


def own_number_keys(mail: InboundMail, zones: Zones) -> tuple[str, ...]:
    """Return the candidates that the sender wrote: own words, and the subject unless it is an answer's or forward's."""
    subject = "" if _REPLY_PREFIX.match(mail.subject) else mail.subject
    return _keys_of((words_of(mail.text, zones.own), subject))


def bare_subject(subject: str) -> str:
    """Return a subject without the prefixes of answers and forwards ("Re:", "AW:") and "[EXTERNAL]", lower case."""
    text = _SYSTEMS_TAG.sub(" ", re.sub(r"\s+", " ", subject)).strip()
    for _ in range(_MOST_PREFIXES):
        text = _REPLY_PREFIX.sub("", text, count=1).strip()
    return text.casefold()


def short_number_in(text: str, number: str, others: Collection[str]) -> bool:
    """Whether a text names an invoice by its last digits alone ("0415", "415"), as people do who know the rest.

    `others` are all numbers it could be; digits that end two of them name neither.
    """
    both = [tail for other in others for tail in _tails(other)]
    tails = [one for one in _tails(number) if one in text and both.count(one) == 1]
    if not tails:
        return False
    said = rf"(?<![\w.,/+-])#?0{{0,4}}(?:{'|'.join(tails)})(?![\w/-]|[.,]\d)"
    for hit in re.finditer(said, text[:_MAX_SCANNED_CHARS]):
        before, after = text[max(0, hit.start() - 12) : hit.start()], text[hit.end() : hit.end() + 12]
        if not (_MONEY_BEFORE.search(before) or _MONEY_AFTER.match(after) or _OTHER_BEFORE.search(before)):
            return True
    return False


def _tails(number: str) -> tuple[str, ...]:
    """Return what may stand for a number, without zeros in front: its last digits, or the last four or three of these.

    Of "0412/2026" and "0412/26" those before the year. Round parts and years are no end: other things are so.
    """
    groups = re.findall(r"\d+", number)
    while len(groups) > 1 and (len(groups[-1]) < _SHORTEST_DIGITS or _YEAR.fullmatch(groups[-1])):
        groups.pop()
    digits = groups[-1] if groups else ""
    parts = [digits[-size:] for size in (4, 3) if len(digits) > size and not _COMMON.fullmatch(digits[-size:])]
    tails = dict.fromkeys(one.lstrip("0") for one in (digits, *parts))
    return tuple(one for one in tails if len(one) >= _SHORTEST_DIGITS)


def _keys_of(texts: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in texts:
        for _, _, number in spans_of_numbers(text):
            found[number] = None
            if len(found) >= _MAX_KEYS:
                return tuple(found)
    return tuple(found)


@lru_cache(maxsize=32)  # matching looks at the same few texts of one mail again and again
def spans_of_numbers(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return (start, end, normalised number) for every candidate in a text, the longest reading of each first."""
    return tuple(_spans(text))


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    text = text[:_MAX_SCANNED_CHARS]
    if not _DIGIT.search(text):
        return
    text = _NOT_OURS.sub(lambda hit: "\x1f" * len(hit[0]), text)
    for found in _CANDIDATE.finditer(text):
        prefix, start, digits = found[1] or "", found.start(2), found[2]
        gaps = [(gap.start(), gap.end()) for gap in _GROUP_GAP.finditer(digits)]
        enough = 1 if _TIED.match(found[0]) else _SHORTEST_DIGITS
        is_bare = False
        for end in [len(digits), *(gap[0] for gap in reversed(gaps))]:
            part = digits[:end]
            if prefix and _digits(part) >= enough:
                yield from ((found.start(), start + end, number) for number in _forms(prefix, part))
            if _is_bare_number(text, start, start + end, part, prefix):
                is_bare = True
                yield from ((start, start + end, number) for number in _forms("", part))
        for at, end, part in _listed(digits, gaps) if gaps else ():
            if prefix:
                yield from ((start + at, start + end, number) for number in _forms(prefix, part))
            if is_bare and _digits(part) >= _SHORTEST_BARE_DIGITS:
                yield from ((start + at, start + end, number) for number in _forms("", part))


def _forms(prefix: str, part: str) -> Iterator[str]:
    """Yield a number normalised, and without the slips of who read it from paper ("lNV-2O26-O412")."""
    whole = prefix + part
    yield normalise_number(whole)
    if part.isdecimal() and prefix[:1] != "l":
        return
    right = _SLIP_BEFORE.sub("I", whole, count=1) if _SLIP_BEFORE.match(whole) else whole
    right = right[: len(prefix)] + part.translate(_SLIPS) if _HAS_SLIP.search(part) else right
    if right != whole:
        yield normalise_number(right)


def _listed(digits: str, gaps: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Yield what a list goes on with, as long as what stands before it: "2041/2042", "2026-0412/0413"."""
    edges = [0, *(edge for gap in gaps for edge in gap), len(digits)]
    groups = [(start, end, digits[start:end]) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    for (first, _, before), (start, end, part) in itertools.pairwise(groups):
        if len(part) == len(before) >= _SHORTEST_DIGITS and not _YEAR.fullmatch(before):
            for whole in dict.fromkeys((digits[:first] + part, part)):
                yield start, end, whole


def _digits(text: str) -> int:
    return len(text) if text.isdecimal() else sum(map(str.isdigit, text))


def _is_bare_number(text: str, start: int, stop: int, part: str, prefix: str) -> bool:
    before, after = text[max(0, start - 40) : start], text[stop : stop + 12]
    is_short = _digits(part) < _SHORTEST_BARE_DIGITS
    if (is_short and (_digits(part) < _SHORTEST_CALLED or not _is_called(prefix, before))) or _DATE.fullmatch(part):
        return False
    if _MONEY_BEFORE.search(before[-_LONGEST_MONEY:]) or _MONEY_AFTER.match(after):
        return False
    may_be_other = not before.isascii() or any(one in before.lower() for one in _OTHER_PARTS)
    return not (may_be_other and _OTHER_BEFORE.search(before))


def _is_called(prefix: str, before: str) -> bool:
    """Whether the words before few digits say that they are a number: "invoice 57", "#57", "n° 57"."""
    is_no = prefix.lower() == "no" and bool(_INVOICE_NO.search(before))  # "no 12 months" is none
    return is_no or prefix.lower() in _CALLED or before.rstrip()[-1:] in _SIGNS
