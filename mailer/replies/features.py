"""A sentence → the keys that the weights are stored under: words, word beginnings, pairs and letter groups.

Dates, sums, numbers, addresses and days become marks ("_money"): which sum it is says nothing of what is meant.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Letters of a word that stand for all its forms ("bezah" for "bezahlt", "bezahlen").
_STEM = 5
_SHORTEST_STEMMED = 4
_SHORTEST_SPELT = 3
_LETTERS = (4, 5)
_MOST_DIGITS = 6
_MOST_CHARS = 2_000

_MONTHS = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug"
    " sep sept oct nov dec januar februar marz maerz mai juni juli oktober dezember okt dez janvier fevrier mars avril"
    " juin juillet aout septembre octobre novembre decembre"
    " enero febrero marzo abril mayo junio julio agosto"
    " septiembre setiembre octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio settembre"
    " ottobre dicembre"
    " januari februari maart mei augustus".split()
)
_DAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat montag dienstag"
    " mittwoch donnerstag freitag samstag sonnabend sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes"
    " martes miercoles jueves viernes sabado domingo lunedi martedi mercoledi giovedi venerdi sabato domenica maandag"
    " dinsdag woensdag donderdag vrijdag zaterdag zondag".split()
)
_CALENDAR = dict.fromkeys(_DAYS, "_day") | dict.fromkeys(_MONTHS, "_month")
_CURRENCY = r"[\u20ac\u00a3$]|(?:eur|gbp|usd|chf|euros?)\b"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"[^\W\d_]{1,40}(?:'[^\W\d_]{1,20})?")
#: Words that can be nothing else, by what follows them, stand first and are taken together: most need no other try.
_TOKEN = re.compile(
    r"(?P<plain>(?:[^\W\d_]{1,40}+(?:'[^\W\d_]{1,20}+)?+(?=[,;!?]|\.?(?:[ \n](?!\d)|\Z))(?:[,.]?[ \n]++)?+)++)"
    r"|(?P<mail>[\w.+-]{1,64}@[\w.-]{1,80})|(?P<url>(?:https?://|www\.)\S{1,200})"
    r"|(?P<date>\d{1,2}[./-]\d{1,2}[./-](?:\d{2,4})?|\d{4}-\d\d-\d\d)"
    r"|(?P<ord>\d{1,2}(?:st|nd|rd|th|er|e|\u00ba|\u00aa)\b|\d{1,2}\.(?= ))|(?P<pct>\d{1,3}(?:[.,]\d{1,3})? ?%)"
    r"|(?P<money>(?:[\u20ac\u00a3$]|\b(?:eur|gbp|usd|chf|rs)\b\.?) ?\d[\d.,']{0,14}"
    rf"|\d[\d.,']{{0,14}} ?(?:{_CURRENCY}))"
    r"|(?P<ref>\b[a-z]{1,10}[-/ ]?\d[\w/-]{2,20})|(?P<num>\d[\d.,:/]{0,20})"
    r"|(?P<word>[^\W\d_]{1,40}(?:'[^\W\d_]{1,20})?)|(?P<stop>[?!;:])"
)


def tokens(text: str) -> list[str]:
    """Return the words and marks of a text in order, in small letters without accents (of 2,000 characters)."""
    found: list[str] = []
    for hit in _TOKEN.finditer(_plain(text[:_MOST_CHARS])):
        kind, word = hit.lastgroup, hit[0]
        if kind == "plain":
            found += [_CALENDAR.get(one, one) for one in _WORD.findall(word)]
        elif kind == "word":
            found.append(_CALENDAR.get(word, word))
        elif kind == "stop":
            found.append(word)
        elif kind == "num":
            found.append(f"_num{min(_MOST_DIGITS, sum(map(str.isdigit, word)))}")
        else:
            found.append(f"_{kind}")
    return found


def _plain(text: str) -> str:
    small = text.lower().replace("\u2019", "'").replace("\u2018", "'")
    if small.isascii():
        return small
    return _NOT_ASCII.sub(_in_plain_letters, small)


def _in_plain_letters(hit: re.Match[str]) -> str:
    letters = unicodedata.normalize("NFD", hit[0])
    return "".join([char for char in letters if not unicodedata.combining(char)]).replace("\u00df", "ss")


@lru_cache(maxsize=50_000)  # people use few words, and use them again
def keys_of_word(word: str) -> tuple[str, ...]:
    """Return the keys of one word: itself, its beginning, its groups of four and five letters."""
    keys = [f"w{word}"]
    if len(word) >= _SHORTEST_STEMMED:
        keys.append(f"s{stem(word)}")
    if word[0] != "_" and len(word) >= _SHORTEST_SPELT:
        spelt = f"^{word}$"
        keys.extend(f"c{spelt[at : at + size]}" for size in _LETTERS for at in range(len(spelt) - size + 1))
    return tuple(keys)


def stem(word: str) -> str:
    """Return the beginning that a word shares with its other forms; marks stay whole."""
    return word if word[0] == "_" else word[:_STEM]


def keys_of_pairs(words: list[str]) -> list[str]:
    """Return the keys of neighbours and of words with one word between; "<" and ">" stand at the ends."""
    framed = ["<", *words, ">"]
    stems = [word if word[0] == "_" else word[:_STEM] for word in framed]
    keys: list[str] = []
    for word, following, this, that, next_but_one in zip(framed, framed[1:], stems, stems[1:], stems[2:], strict=False):
        keys += (f"b{word} {following}", f"B{this} {that}", f"k{this} {next_but_one}")
    keys += (f"b{framed[-2]} >", f"B{stems[-2]} >")
    return keys
