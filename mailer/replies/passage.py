"""The sender's own words cut into sentences and clauses, each with how it is meant: denied, asked, supposed, reported.

Detectors see nothing else. All texts keep their length, so offsets into a clause are offsets into the own words.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from mailer.replies.amounts import AmountFound, find_amounts
from mailer.replies.dates import DateFound, find_dates
from mailer.replies.lookouts import Words, words_in, words_within
from mailer.replies.phrases import Cue, Language, searchable

#: People write less; what is longer is read this far, and never with certainty.
MAX_OWN_CHARS = 12_000
_MAX_CLAUSE_CHARS = 600
#: A line this short, followed by a capital, was ended by the writer and not by the width of a window.
_SHORT_LINE = 50
#: Neither word nor space: nothing matches across what is hidden.
_BLANK = "\x1f"
_EDGE = " ,.;:!-" + _BLANK
_QUOTED = re.compile('[\u201c\u201e\u00ab"][^\u201c\u201d\u201e\u00ab\u00bb"]{12,300}[\u201d\u201c\u00bb"]')
_QUOTING = '\u201c\u201e\u00ab"'
_HARD_BREAK = re.compile(r"\n[ \t]*(?=\n|[-*•·>–]|\d{1,2}[.)] |[A-Z]{2,5}-\d)")  # noqa: RUF001 - people's dashes
#: Links, keys and noise; patterns with gaps of "any word" would take long over them.
_NO_WORD_CHARS = 60
_NO_WORD = re.compile(rf"\S{{{_NO_WORD_CHARS},}}")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_STOP = re.compile(r"[.!?]+[\"')\]]*(?=\s|$)")
#: "on the 1st." is no street.
_ORDINAL = re.compile(r"(?i)\d(?:st|nd|rd|th)$")
_ABBREVIATIONS = frozenset(
    "nr no nos inv ref lt ca bzw inkl ggf evtl st dr mr mrs ms hr tel vs approx pos mag sg zzgl abzgl art abs str bspw"
    " incl excl dept attn acct amt qty max min vgl sog zb usw frl co ltd inc jr".split()
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # one place is one object; comparing texts costs time
class Sentence:
    """A sentence: offsets into the own words, and what holds for all its clauses."""

    start: int
    end: int
    is_question: bool
    is_conditional: bool
    is_reported: bool
    #: Whether something comes after another thing: "then", "danach".
    is_sequel: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clause:
    """A clause: `text` is flat (spaces for line ends) and as long as the words it covers; `plain` hides set phrases.

    Set phrases ("do not hesitate", words in quotation marks) are blanked in `plain`: they prove nothing.
    Its letters are small.
    """

    start: int
    end: int
    text: str
    plain: str
    #: Where patterns may begin in `plain`.
    words: Words
    sentence: Sentence
    #: Whether this very clause asks; "we paid, please confirm" asks in its second only.
    is_question: bool
    is_negated: bool
    is_hypothetical: bool
    is_hedged: bool
    is_past: bool
    has_contrast: bool
    is_greeting: bool
    is_small_talk: bool
    is_addressed: bool
    speaks_of_payment: bool
    #: Whether what is sent or done is a thing that is not money (a contract, an answer), and no money is named.
    is_about_thing: bool
    #: Whether it says what is usual, not what will be.
    is_habit: bool
    dates: tuple[DateFound, ...]
    amounts: tuple[AmountFound, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """All clauses of the own words in one language, with the mail's local date."""

    own: str
    language: Language
    anchor: date
    clauses: tuple[Clause, ...]
    #: By intent, the clauses that hold a cue of it, once they have been looked for (`mailer.replies.intents.found`).
    cues: dict[str, tuple[tuple[Clause, Cue], ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _within: dict[Sentence, tuple[Clause, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the clauses by sentence: this is asked again and again."""
        for sentence, clauses in itertools.groupby(self.clauses, key=lambda one: one.sentence):
            self._within[sentence] = tuple(clauses)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences in order."""
        return tuple(self._within)

    def of_sentence(self, sentence: Sentence) -> tuple[Clause, ...]:
        """The clauses of one sentence."""
        return self._within.get(sentence, ())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plain:
    """Searchable words, where they begin, the marks found in them, and whether they ask."""

    text: str
    words: Words
    marks: set[str]
    asks: bool


def passage(own: str, *, language: Language, anchor: date, country: str) -> Passage:
    """Return the own words as clauses. `anchor` and `country` decide what dates mean (`mailer.replies.dates`)."""
    flat = re.sub(r"[\n\t]", " ", own[:MAX_OWN_CHARS])
    flat = folded(flat) if language.folds_accents else flat
    dates = find_dates(flat, anchor=anchor, country=country, language=language)
    amounts = find_amounts(flat)
    whole = [*((one.start, one.end) for one in dates), *((one.start, one.end) for one in amounts)]
    clauses: list[Clause] = []
    for start, end in _sentences(own[:MAX_OWN_CHARS], whole):
        clauses.extend(_clauses(flat, start, end, whole, language, dates, amounts))
    return Passage(own=own, language=language, anchor=anchor, clauses=tuple(clauses))


def folded(text: str) -> str:
    """Return a text of the same length without accents and with straight apostrophes."""
    if text.isascii():
        return text
    return _NOT_ASCII.sub(_without_accent, text)


def _without_accent(hit: re.Match[str]) -> str:
    char = hit[0]
    if char in "\u2019\u2018\u02bc":
        return "'"
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isalpha() else char


def _sentences(own: str, whole: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    cuts = {hit.start() for hit in _HARD_BREAK.finditer(own)}
    position = 0
    lines = own.split("\n")
    for line, below in itertools.pairwise(lines):
        position += len(line) + 1
        text, following = line.rstrip(), below.lstrip()[:1]
        begins = following.isupper() or following.isdigit() or text.endswith(",")
        if text.endswith((".", "!", "?", ":")) or (len(text) < _SHORT_LINE and begins):
            cuts.add(position - 1)
    for hit in _STOP.finditer(own):
        if hit[0] != "." or _ends_sentence(own, hit.start()):
            cuts.add(hit.end())
    yield from _pieces(0, len(own), sorted(cuts), own, whole)


def _ends_sentence(own: str, dot: int) -> bool:
    if _ORDINAL.search(own[max(0, dot - 4) : dot]):
        return True
    word = re.search(r"([^\W\d_]{1,20})$", own[max(0, dot - 20) : dot])
    if word:
        return len(word[1]) > 1 and word[1].lower() not in _ABBREVIATIONS
    following = own[dot + 1 :].lstrip()[:1]
    return not following.islower() and not following.isdigit()  # "am 15. wird", "am 15. 11."


def _pieces(
    start: int, end: int, cuts: list[int], text: str, whole: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the stretches between cuts that say something; no cut goes through a date or an amount."""
    position = start
    for cut in [*cuts, end]:
        if cut <= position or any(first < cut < last for first, last in whole):
            continue
        if text[position:cut].strip(" \n\t.,;:-!?"):
            lead = len(text[position:cut]) - len(text[position:cut].lstrip())
            yield position + lead, cut
        position = cut


def _clauses(
    flat: str,
    start: int,
    end: int,
    whole: list[tuple[int, int]],
    language: Language,
    dates: tuple[DateFound, ...],
    amounts: tuple[AmountFound, ...],
) -> Iterator[Clause]:
    marks = language.marks
    text = flat[start:end]
    whole_plain = _without_set_phrases(searchable(text), language)
    plain, said = whole_plain.text, whole_plain.marks
    cuts = sorted({start + hit.start() for hit in marks["split"].finditer(plain)})
    pieces = [(first, min(last, first + _MAX_CLAUSE_CHARS)) for first, last in _pieces(start, end, cuts, flat, whole)]
    plains = [
        whole_plain if (first, last) == (start, end) else _piece(whole_plain, first - start, last - start, language)
        for first, last in pieces
    ]
    ends_with_mark = text.rstrip().endswith("?")
    sentence = Sentence(
        start=start,
        end=end,
        is_question=ends_with_mark or any(one.asks for one in plains),
        is_conditional=any("condition" in one.marks for one in plains),
        is_reported="reported" in said,
        is_sequel="then" in said,
    )
    for number, ((first, last), one) in enumerate(zip(pieces, plains, strict=True)):
        yield _clause(
            flat[first:last],
            one,
            sentence,
            marks,
            start=first,
            is_question=one.asks or (ends_with_mark and number == len(pieces) - 1),
            dates=tuple([one for one in dates if first <= one.start < last]),
            amounts=tuple([one for one in amounts if first <= one.start < last]),
        )


def _without_set_phrases(text: str, language: Language) -> _Plain:
    """Return the words of a sentence with what proves nothing blanked."""
    if any(mark in text for mark in _QUOTING):
        text = _blanked(text, _QUOTED)
    if len(text) >= _NO_WORD_CHARS and any(len(word) >= _NO_WORD_CHARS for word in text.split()):
        text = _blanked(text, _NO_WORD)
    plain = _plain(text, language)
    return _plain(_blanked(text, language.marks["harmless"]), language) if "harmless" in plain.marks else plain


def _piece(whole: _Plain, start: int, end: int, language: Language) -> _Plain:
    return _plain(whole.text[start:end], language, words_within(whole.words, whole.text, start, end))


def _plain(text: str, language: Language, words: Words | None = None) -> _Plain:
    words = words_in(text) if words is None else words
    marks = language.mark_lookout.all_in(text, words)
    bare = text.strip()  # a question may have to begin with its word
    asks = "question" in marks if bare == text else bool(language.marks["question"].search(bare))
    return _Plain(text=text, words=words, marks=marks, asks=asks)


def _clause(
    text: str,
    plain: _Plain,
    sentence: Sentence,
    marks: Mapping[str, re.Pattern[str]],
    *,
    start: int,
    is_question: bool,
    dates: tuple[DateFound, ...],
    amounts: tuple[AmountFound, ...],
) -> Clause:
    said = plain.marks
    return Clause(
        start=start,
        end=start + len(text),
        text=text,
        plain=plain.text,
        words=plain.words,
        sentence=sentence,
        is_question=is_question,
        is_negated="negation" in said,
        is_hypothetical="hypothetical" in said,
        is_hedged="hedge" in said,
        is_past="past_pay" in said,
        has_contrast="contrast" in said,
        is_greeting=bool(marks["greeting"].fullmatch(plain.text.strip(_EDGE))),
        is_small_talk=bool(marks["small_talk"].fullmatch(searchable(text.strip(_EDGE)))),
        is_addressed="addressed" in said,
        speaks_of_payment="payment" in said,
        is_about_thing=not amounts and "thing" in said and "money" not in said,
        is_habit="habit" in said,
        dates=dates,
        amounts=amounts,
    )


def _blanked(text: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda hit: _BLANK * len(hit[0]), text)
