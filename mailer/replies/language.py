"""Which language somebody writes in, by the little words; good enough to choose phrases, not to do linguistics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_MAX_CHARS = 4_000
#: Languages we recognise so as not to take them for one we read.
_OTHERS: Mapping[str, frozenset[str]] = {
    "pt": frozenset(
        "o os uma não você vocês nós fatura pagamento obrigado obrigada com para pelo pela nossa são está até"
        " ainda já da do na no em um é foi será amanhã olá bom dia".split()
    ),
    "sv": frozenset(
        "och att det är inte vi för med på av som fakturan betalning tack hej ni jag kommer har den"
        " ett en till imorgon hälsningar".split()
    ),
    "da": frozenset(
        "og at det er ikke vi for med på af som fakturaen betaling tak hej jeg kommer har den et en til"
        " i hilsen venlig".split()
    ),
    "nb": frozenset(
        "og at det er ikke vi for med på av som fakturaen betaling takk hei jeg kommer har den et en til"
        " i hilsen vennlig".split()
    ),
    "pl": frozenset(
        "nie się jest na do że w z i to za faktura faktury płatność dziękuję dzień dobry jutro zapłacimy"
        " pozdrawiam proszę".split()
    ),
    "fi": frozenset("on ja ei me että lasku maksu kiitos hei olemme maksamme perjantaina terveisin se".split()),
    "tr": frozenset("ve bir bu fatura teşekkürler merhaba değil saygılar olarak".split()),  # noqa: RUF001 - Turkish
}
_ENOUGH = 2
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][a-z]+)?")


def language_of(text: str, *, hint: str, known: Mapping[str, frozenset[str]]) -> tuple[str, bool]:
    """Return the language (BCP 47 primary) of some words, and whether the words themselves decide it.

    `hint` is the customer's language: taken when the words are too few or two languages are equally likely.
    """
    tables = {**known, **_OTHERS}
    codes = _codes_of_words(tuple(tables.items()))
    counts = dict.fromkeys(tables, 0)
    for found in filter(None, map(codes.get, _WORD.findall(text[:_MAX_CHARS].lower()))):
        for code in found:
            counts[code] += 1
    best = max(counts, key=lambda code: (counts[code], code == hint))
    rival = max((count for code, count in counts.items() if code != best), default=0)
    if counts[best] >= _ENOUGH and counts[best] > rival:
        return best, True
    return (best if counts[best] > rival else hint), False


@lru_cache(maxsize=2)  # the tables come with the program
def _codes_of_words(tables: tuple[tuple[str, frozenset[str]], ...]) -> Mapping[str, list[str]]:
    """Return the languages of each little word."""
    codes: dict[str, list[str]] = {}
    for code, words in tables:
        for word in words:
            codes.setdefault(word, []).append(code)
    return codes
