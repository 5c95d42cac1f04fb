"""What the weights are trained on: sentences and short mails written for it, the corpus without what is kept aside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from mailer.replies.passage import Passage, passage
from mailer.replies.phrases import Phrases
from tests.corpus.show_scores import FOLDER, is_kept_aside, labels
from tests.house.tree import ROOT

SENTENCES = ROOT / "tests" / "corpus" / "sentences"
COUNTRIES = {"en": "GB", "de": "DE", "fr": "FR", "nl": "NL", "es": "ES", "it": "IT"}
_DAY = date(2026, 11, 18)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ASIDE = "v"
#: The part of a quote or of a sentence that must be the other's too.
_OVERLAP = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A sentence: what it says, what of it is not known, and the reason if it disputes."""

    text: str
    intents: frozenset[str]
    unknown: frozenset[str]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A mail, or a sentence that stands for one. `author` wrote it; a `fold` of training holds one author out.

    `is_aside`: nobody looked at it to make the phrases; every second mail of the authors from "v" on.
    """

    author: str
    fold: str
    is_mail: bool
    in_corpus: bool
    is_aside: bool
    words: Passage
    intents: frozenset[str]
    reason: str | None
    units: tuple[Unit, ...]


def files() -> list[str]:
    """Return the names of everything that training reads, in order."""
    return sorted(str(path.relative_to(ROOT)) for path in SENTENCES.iterdir())


def digest() -> str:
    """Return the SHA-256 of the training data: the sentences, the short mails, the labels."""
    total = hashlib.sha256()
    for name in [*files(), str((FOLDER / "labels.jsonl").relative_to(ROOT))]:
        total.update(name.encode() + b"\0" + hashlib.sha256((ROOT / name).read_bytes()).digest())
    return total.hexdigest()


def examples(phrases: Phrases) -> Iterator[Example]:
    """Yield everything there is to learn from."""
    for name in files():
        author = name.rsplit("/", 1)[-1].split(".")[0]
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        if name.endswith("jsonl"):
            yield from (_mail(line, author, phrases, number) for number, line in enumerate(lines))
        else:
            yield from (_line(line, author, phrases) for line in lines)
    for label in labels():
        if label["kind"] == "human" and not is_kept_aside(label):
            yield _label(label, phrases)


def _fold(author: str) -> str:
    """Return what is held out together: authors of different languages teach each other next to nothing.

    Of one language those of three letters at a time ("en-v", "en-vb", "en-w"): each fold costs a training.
    """
    letter = author.partition("-")[2][:1]
    return letter and _LETTERS[_LETTERS.index(letter) // 3 * 3 :][:3]


def _words(own: str, language: str, day: date, phrases: Phrases) -> Passage:
    return passage(own, language=phrases.languages[language], anchor=day, country=COUNTRIES[language])


def _line(line: str, author: str, phrases: Phrases) -> Example:
    names, text = line.split("\t", 1)
    wanted = [name.strip() for name in names.split(",") if name.strip() != "none"]
    words = _words(text, author[:2], _DAY, phrases)
    intents, reason = _plain(wanted), _reason(wanted)
    is_one = len(words.sentences) == 1
    known, unknown = (intents, frozenset[str]()) if is_one else (frozenset[str](), intents)
    units = tuple(
        Unit(text=text[one.start : one.end], intents=known, unknown=unknown, reason=reason if is_one else None)
        for one in words.sentences
    )
    return Example(
        author=author, fold=_fold(author) or author, is_mail=False, in_corpus=False, is_aside=False,
        words=words, intents=intents, reason=reason, units=units,
    )  # fmt: skip


def _mail(line: str, author: str, phrases: Phrases, number: int) -> Example:
    row = json.loads(line)
    day = date.fromisoformat(row["sent"]) if "sent" in row else _DAY
    words = _words(row["own"], author[:2], day, phrases)
    quotes = {name.split(":")[0]: [quote] for name, quote in row.get("quotes", {}).items()}
    # Where a language has one author only, a quarter of the mails is held out at a time.
    part = hashlib.sha256(row["own"].encode()).digest()[0] % 4
    fold = _fold(author) or f"quarter {part}"
    return Example(
        author=author, fold=fold, is_mail=True, in_corpus=False, is_aside=author[3:] >= _ASIDE and number % 2 == 1,
        words=words, intents=_plain(row["intents"]), reason=_reason(row["intents"]),
        units=_units(words, _plain(row["intents"]), quotes, _reason(row["intents"])),
    )  # fmt: skip


def _label(label: dict[str, object], phrases: Phrases) -> Example:
    rows: list[dict[str, str]] = label["intents"]  # type: ignore[assignment]
    author = str(label["id"])[:2]
    words = _words(
        str(label["own"]), str(label["language"]), datetime.fromisoformat(str(label["date"])).date(), phrases
    )
    quotes: dict[str, list[str]] = {}
    for row in rows:
        quotes.setdefault(row["intent"], []).append(row.get("quote") or "")
    intents = _plain([row["intent"] for row in rows])
    reason = next((row["reason"] for row in rows if row.get("reason")), None)
    return Example(
        author=author, fold=author, is_mail=True, in_corpus=True, is_aside=False, words=words, intents=intents,
        reason=reason, units=_units(words, intents, quotes, reason),
    )  # fmt: skip


def _units(
    words: Passage, intents: frozenset[str], quotes: dict[str, list[str]], reason: str | None
) -> tuple[Unit, ...]:
    """Return the sentences; one without a quote may still say what the mail says: that is not known."""
    units = []
    for one in words.sentences:
        shown = frozenset(
            name
            for name, some in quotes.items()
            if any(_covers(words.own, quote, one.start, one.end) for quote in some)
        )
        units.append(
            Unit(
                text=words.own[one.start : one.end],
                intents=shown,
                unknown=intents - shown,
                reason=reason if "dispute" in shown else None,
            )
        )
    return tuple(units)


def _covers(own: str, quote: str, start: int, end: int) -> bool:
    at = own.find(quote) if quote else -1
    if at < 0 or at >= end or at + len(quote) <= start:
        return False
    both = min(end, at + len(quote)) - max(start, at)
    return both >= _OVERLAP * min(len(quote), end - start)


def _plain(names: list[str]) -> frozenset[str]:
    return frozenset(name.split(":")[0] for name in names)


def _reason(names: list[str]) -> str | None:
    return next((name.split(":")[1] for name in names if ":" in name), None)
