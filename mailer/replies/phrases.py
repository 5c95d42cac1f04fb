"""The words that detectors look for, per language, as a value made from the files in config/phrases/.

Patterns are fragments of regular expressions: they match whole words of a text made `searchable`; a space stands for
a few spaces, `{name}` for a block of the file's [words] table. See config/phrases/en.toml.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mailer.replies.lookouts import Lookout, Memory
from mailer.replies.patterns import Patterns, PhraseError, any_of
from mailer.replies.weights import Weights

_GAPS = {"gap": r"(?: \S+){0,6}? ", "far": r"(?: \S+){0,12}? ", "gap0": r"(?: of| the)* "}
#: Sets of marks that decide how a clause is meant; each is a list of patterns under [clauses].
MARKS = (
    "split", "negation", "harmless", "question", "condition", "hypothetical", "hedge", "reported", "past_pay",
    "contrast", "payment", "greeting", "small_talk", "addressed", "thing", "money", "habit", "then", "correction",
)  # fmt: skip
#: Marks that are not looked for in a clause: they cut it, must be all of it, or stand between two.
WHOLE_MARKS = ("split", "greeting", "small_talk", "correction")
#: Small words between "by" and the date.
_BEFORE_DATE = r"(?: (?:the|den|dem|der|zum|am|on|around|le|la|l'|au|du|de|el|los|la|del|dia|il|lo|op|het))?"
_SHORTEST_LONG_WEEKDAY = 4


#: The cue that any reason of a dispute gives.
REASON = "dispute.reason"
Rows = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Words that show an intent: `id` for the evidence, `weight` the confidence (0-1) that they alone give."""

    id: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRule:
    """Words for a date: `resolver` is a name in `mailer.replies.resolvers`, `kind` how exact the date is."""

    id: str
    resolver: str
    kind: str
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Everything the reader knows of one language. Month and weekday names map to 1-12 and 0-6 (Monday is 0)."""

    code: str
    #: The patterns of the marks, and those of cues, reasons and rules for dates by id.
    marks: Patterns
    patterns: Patterns
    cues: Mapping[str, tuple[Cue, ...]]
    reasons: tuple[str, ...]
    date_rules: tuple[DateRule, ...]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    numbers: Mapping[str, int]
    #: Days of the month in words ("thirtieth", "trente"), spaces and dashes left out.
    days: Mapping[str, int]
    #: Where the marks, the cues of an intent, the rules for dates by id, and "by" and "mention" before a date may be.
    mark_lookout: Lookout
    cue_lookouts: Mapping[str, Lookout]
    date_lookout: Lookout
    before_dates: Lookout
    back: re.Pattern[str]
    until: re.Pattern[str]
    #: Whether accents are taken off the words before they are searched: people of this language leave them out.
    folds_accents: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """All languages with phrases, and a digest of their words: it becomes part of the engine's name."""

    languages: Mapping[str, Language]
    #: The little words by which each language is known.
    function_words: Mapping[str, frozenset[str]]
    digest: str
    #: What votes with the phrases; without it they decide alone.
    weights: Weights | None = None


class _Shelf(Mapping[str, Language]):
    """Languages made when they are first asked for: reading their tables takes a tenth of a second each."""

    def __init__(self, codes: Iterable[str], table_of: Callable[[str], Mapping[str, Any]]) -> None:
        self._codes, self._table_of = sorted(codes), table_of
        self._made: dict[str, Language] = {}

    def __getitem__(self, code: str) -> Language:
        if code not in self._made:
            self._made[code] = _language(code, self._table_of(code))
        return self._made[code]

    def __contains__(self, code: object) -> bool:
        return code in self._codes

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


def phrases_from_texts(texts: Mapping[str, str]) -> Phrases:
    """Return the phrases for {language code: TOML}; each language is read, and found wrong, when it is first needed.

    Raises PhraseError, here only for what stands before the first table. A pattern is found wrong when it is made.
    """
    heads = {code: _parsed(code, texts[code].partition("\n[")[0]) for code in sorted(texts)}
    content = repr([*heads, *map(texts.get, heads)])
    return Phrases(
        languages=_Shelf(texts, lambda code: _parsed(code, texts[code])),
        function_words=MappingProxyType({code: _function_words(code, head) for code, head in heads.items()}),
        digest=hashlib.sha256(content.encode()).hexdigest()[:12],
    )


def _parsed(code: str, text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise PhraseError(f"phrases/{code}.toml: {problem}") from problem


def _function_words(code: str, table: Mapping[str, Any]) -> frozenset[str]:
    words = table.get("function_words")
    if not isinstance(words, str):
        raise PhraseError(f"phrases/{code}.toml: 'function_words' is missing or not of the right kind")
    return frozenset(words.split())


def _language(code: str, table: Mapping[str, Any]) -> Language:
    try:
        return _made(code, table)
    except (KeyError, TypeError, AttributeError) as problem:
        raise PhraseError(f"phrases/{code}.toml: {problem} is missing or not of the right kind") from problem


def _made(code: str, table: Mapping[str, Any]) -> Language:
    dates, clauses = table["dates"], table["clauses"]
    blocks = _blocks(table["words"], dates)
    words = {f"{name}.{row['id']}": row["any"] for name, rows in table["intents"].items() for row in rows}
    reasons = {f"{REASON} {name}": rows for name, rows in table["reasons"].items()}
    days = {row["id"]: [row["pattern"]] for row in dates["rules"]}
    marks = {name: clauses[name] for name in MARKS}
    before = {name: [rf"(?:{dates[name]}){_BEFORE_DATE}\s*$"] for name in ("by", "mention")}
    cues = {
        name: tuple(Cue(id=f"{name}.{row['id']}", weight=float(row["weight"])) for row in rows)
        for name, rows in table["intents"].items()
    }
    memory = Memory(blocks)
    return Language(
        code=code,
        marks=Patterns(marks, blocks),
        patterns=Patterns({**words, **reasons, **days}, blocks),
        cues=MappingProxyType(cues),
        reasons=tuple(table["reasons"]),
        date_rules=tuple(_date_rule(row) for row in dates["rules"]),
        months=_names(dates["months"], 1),
        weekdays=_names(dates["weekdays"], 0),
        numbers=_names(dates["numbers"], 1),
        days=_names(dates["days"], 1),
        mark_lookout=Lookout({name: marks[name] for name in MARKS if name not in WHOLE_MARKS}, memory),
        cue_lookouts=MappingProxyType(
            {name: Lookout(_tried_for(rows, words, reasons), memory) for name, rows in cues.items()}
        ),
        date_lookout=Lookout(days, memory),
        before_dates=Lookout(before, memory),
        back=re.compile(any_of(table["return"]["back"], blocks)),
        until=re.compile(any_of(table["return"]["until"], blocks)),
        folds_accents=bool(table.get("folds_accents", False)),
    )


def _tried_for(cues: tuple[Cue, ...], words: Mapping[str, Rows], reasons: Mapping[str, Rows]) -> dict[str, Rows]:
    """Return rows by the id of their cue; for the one of all reasons those of the reasons by theirs."""
    tried = {cue.id: words[cue.id] for cue in cues}
    if tried.pop(REASON, None):
        tried |= reasons
    return tried


def _names(text: str, first: int) -> Mapping[str, int]:
    """Return "a|b c 30:d" as {a: 1, b: 1, c: 2, d: 30} for `first` = 1; dashes stand for what may be left out."""
    found: dict[str, int] = {}
    for place, group in enumerate(text.split(), first):
        number, _, names = group.rpartition(":")
        found |= {word_key(name): int(number) if number else place for name in names.split("|")}
    return MappingProxyType(found)


def word_key(word: str) -> str:
    """Return a word of a table as it is looked up: "Twenty-first" and "twenty first" are one."""
    return re.sub(r"[ -]", "", word.lower())


def _spellings(text: str) -> list[str]:
    """Return patterns for the words of a table, longest first; a dash may be a space or nothing."""
    words = [name for group in text.split() for name in group.rpartition(":")[2].split("|")]
    return [word.replace("-", "[ -]?") for word in sorted(words, key=len, reverse=True)]


def _blocks(words: Mapping[str, str], dates: Mapping[str, Any]) -> dict[str, str]:
    months = "|".join(_spellings(dates["months"]))
    weekdays = _spellings(dates["weekdays"])
    numbers = "|".join([r"\d{1,3}", *_spellings(dates["numbers"])])
    days = "|".join([r"\d{1,2}", *_spellings(dates["days"])])
    blocks = {name: f"(?:{pattern})" for name, pattern in words.items()} | _GAPS
    blocks["reasons"] = "(?!)"  # stands for the patterns of all reasons, which are tried one by one
    for count in ("", "2", "3"):
        blocks[f"month{count}"] = f"(?P<month{count}>{months})"
        blocks[f"weekday{count}"] = f"(?P<weekday{count}>{'|'.join(weekdays)})"
        blocks[f"day{count}"] = f"(?P<day{count}>{days})"
        blocks[f"number{count}"] = f"(?P<number{count}>{numbers})"
    long_names = [name for name in weekdays if len(name) > _SHORTEST_LONG_WEEKDAY]
    blocks["longweekday"] = f"(?P<weekday>{'|'.join(long_names)})"
    return blocks


def _date_rule(row: Mapping[str, Any]) -> DateRule:
    return DateRule(id=row["id"], resolver=row["as"], kind=row["kind"], n=row.get("n", 0))


def searchable(text: str) -> str:
    """Return a text of the same length in small letters: patterns in these are twice as fast as those for any case."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(one if len(low := one.lower()) != 1 else low for one in text)  # a Turkish capital I becomes two
