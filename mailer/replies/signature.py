"""Where a signature begins in a run of the sender's own lines."""

from __future__ import annotations

import re

from mailer.replies.footer import footer_start, is_footer
from mailer.replies.needles import needles
from mailer.replies.zone_marks import CLOSING, CONTACT, DEVICE, DISCLAIMER, FIRM, GREETING, REGISTER, TITLE

_MAX_SIGNATURE_LINES = 25
_MAX_LINE_CHARS = 90
#: Name, title, firm.
_CARD_LINES = 3
#: Name, title, firm, street, town.
_LONG_CARD = 4
#: What people write about, never in a signature.
_MATTER = re.compile(
    r"\?|[€£$¥]\s?\d|\d\s?(?:€|£|eur|gbp|usd|chf)\b|\b(?:invoice|rechnung|re|inv)[- #.:nr]{0,5}\d|"
    r"(?<![\d.,])\d{1,3}(?:[., ']\d{3}){0,3}[.,]\d{2}(?![\d.,])|\b(?:payment|referencia|r[ée]f[ée]rence|riferimento)\b",
    re.IGNORECASE,
)

#: Sums and question marks that are none of those: a firm's capital, links.
_NO_MATTER = re.compile(
    r"(?:https?://|www\.)\S+|(?:au )?capital (?:social )?(?:de )?[\d .,\u202f\u00a0]+ ?€|cap\. ?soc\.?[^|\n]{0,30}",
    re.IGNORECASE,
)
#: Small letters of which each of those holds some.
_DISCLAIMER_PARTS = needles(DISCLAIMER.pattern.lower().removeprefix("(?i)"))
#: "Hazel Dunn | Buyer | Copperline", "Shelly Kane / Granite Peak / (303) 555-0144".
_LISTED = re.compile(r"^[^|/·•]{3,50} [|/·•] [^|/·•]{3,60}(?: [|/·•] |$)")
_SIGN_OFF_LINES = 3
#: So many words of a line, most of them small, are no name, title or address.
_WORDS_OF_TALK = 8
_WORDS_OF_SENTENCE = 6
#: Who says it or whom it is said to: then it is a sentence of the mail, such as a postscript.
_SPEAKS = re.compile(
    r"(?i)\b(?:p\.? ?s|i|we|you|your|my|our|me|us|please|thanks?|ich|wir|sie|ihre?n?|uns|bitte|danke|je|j'|nous|"
    r"vous|votre|merci|yo|nos|usted|su|gracias|ik|wij|we|u|uw|graag|bedankt|io|noi|vi|vostr\w|grazie|ps)\b|\?"
)
#: "See us at the fair": whom it invites it does not speak to.
_INVITES = re.compile(
    r"(?i)\b(?:(?:see|visit|meet|follow|find) us|besuchen sie uns|folgen sie uns|retrouvez[- ]nous|suivez[- ]nous|"
    r"visítenos|síguenos|vieni a trovarci|seguici|bezoek ons|volg ons)\b"
)
#: "8.00-16.30", "de 8:00 a 16:00 h".
_HOURS = re.compile(r"\b\d{1,2}[.:]\d{2} ?(?:[\u2013-]|a|to|bis|à|alle|tot) ?\d{1,2}[.:]\d{2}\b")
#: A last sentence that ends as letters do.
_ENDS_IN_CLOSING = re.compile(
    r"(?i)(?<!\w)(?:saluti|saludos?|salutations(?: distinguées)?|gr(?:ü|ue)(?:ß|ss)en|groet(?:en)?|regards|"
    r"cordialement)[ ,.!]{0,3}$"
)
#: "T.", as somebody signs.
_INITIAL = re.compile(r"[^\W\d_]\.?")
_POSTSCRIPT = re.compile(r"(?i)\s{0,3}p\.? ?s\.?(?:[ :\u2013-]|$)")
#: When somebody is in: three words with one of these are no name.
_WEEKDAY = re.compile(r"(?i)\b(?:\w{2,6}(?:day|tag|dag|di)|mercredi|lunes|martes|jueves|viernes|luned\w+|marted\w+)\b")
_QUOTE_MARKS = frozenset('"\u201c\u201e\u00ab')
#: Wishes that a firm puts below its card.
_SEASON = re.compile(
    r"(?i)\W{0,3}(?:merry christmas|happy holidays|frohe weihnachten|joyeuses fêtes|feliz navidad|buone feste)"
)
_PAYS = re.compile(
    r"(?i)\b(?:paid|pay(?:s|ing|ments?)?|zahl\w*|bezahl\w*|überw[ie]\w+|pag(?:o|a|amos|ado|amento|ato|are)\w*|bonific\w*|"
    r"virement|paiement|réglé\w*|betaal\w*|betal\w*|transfer\w*|cheque|check)\b"
)
#: "For Meridian Haulage Ltd", "Fdo. Óscar": who signs, and for whom.
_SIGNS = re.compile(r"(?i)^\s{0,3}(?:for|für|pour|per|por|voor|fdo\.?|gez\.?|i\. ?[av]\.) ")
#: Small words inside names, titles and firms.
_JOINTS = frozenset(
    "of the and for de la le les des du del della di da do dos das der die das und von zu van en et y e i au aux à"
    " fournisseurs clients proveedores fornitori crediteuren debiteuren".split()
)


def signature_start(lines: list[str], *, sender_name: str = "", is_later: bool = False) -> int:
    """Return the index of the first signature line, `len(lines)` when there is none.

    The closing line, the name under it and a title in the same paragraph are the sender's own words; numbers and
    further paragraphs of titles and firms are not.
    `is_later`: other words of the sender stand above these lines, so that they may be nothing but a signature.
    """
    end = footer_start(lines)
    for number, line in enumerate(lines[:end]):
        if line.strip() in {"--", "\u2014", "\u2013\u2013"}:
            return number
        if DEVICE.match(line):
            end = number
            break
    start = _card_start(lines[:end], sender_name, is_later=is_later)
    if is_later or any(line.strip() for line in lines[:start]):
        return start
    # A mail that is nothing but a signature is somebody's words in an odd shape.
    return end if any(line.strip() for line in lines[:end]) else len(lines)


def postscript(lines: list[str]) -> tuple[int, int]:
    """Return where the last paragraph begins and ends if it is a postscript, footers aside; else an empty stretch."""
    if not any(_POSTSCRIPT.match(line) for line in lines):
        return len(lines), len(lines)
    paragraphs = _paragraphs(lines[: footer_start(lines)])
    if len(paragraphs) > 1 and _POSTSCRIPT.match(lines[paragraphs[-1][0]]):
        return paragraphs[-1]
    return len(lines), len(lines)


def _card_start(lines: list[str], sender_name: str, *, is_later: bool) -> int:
    """Return the index of the first line that says who signs, and for whom; `lines` do not end in a footer."""
    closings = [number for number, line in enumerate(lines) if CLOSING.match(line)]
    start, is_below = len(lines), False
    for first, last in reversed(_paragraphs(lines)):
        if (is_below or start < len(lines)) and is_footer(lines[first:last]):
            start, is_below = first, False
        elif _is_card_or_signature(lines, first, last, closings, sender_name, is_later=is_later):
            if is_below and not _is_plain_card(lines, first, last, closings):
                break
            start, is_below = first, False
        elif (_is_ornament(lines[first:last]) or _is_of_season(lines[first:last])) and len(
            lines
        ) - first <= _MAX_SIGNATURE_LINES:
            is_below = True  # what a firm boasts of below its card, if one stands above
        else:
            break
    return _cut_below_name(lines, start, closings) if start > 0 else 0


def _is_card_or_signature(
    lines: list[str], first: int, last: int, closings: list[int], sender_name: str, *, is_later: bool
) -> bool:
    block = lines[first:last]
    above = [line for line in lines[:first] if line.strip()][-_SIGN_OFF_LINES:]
    repeats = _repeats_name(lines[:first], block)
    if repeats and len(block) <= _CARD_LINES:
        return True
    if _is_card(block, above[-1] if above else "", sender_name, is_later=is_later):
        return True
    if len(above) > 1 and not CLOSING.match(above[-1]) and _is_slogan(block, above):
        return True
    is_below = repeats or (bool(closings) and first > closings[-1])
    return len(lines) - first <= _MAX_SIGNATURE_LINES and _is_signature(block, is_below=is_below)


def _is_plain_card(lines: list[str], first: int, last: int, closings: list[int]) -> bool:
    """Whether it is a card beyond doubt, so that what a firm boasts of may stand below it."""
    block = lines[first:last]
    is_short = all(len(line) <= _MAX_LINE_CHARS and not _is_talk(line) for line in block)
    is_signed = bool(closings) and first > closings[-1]
    return is_short and (is_signed or _repeats_name(lines[:first], block) or _is_card_of_contacts(block))


def _is_card_of_contacts(block: list[str]) -> bool:
    has_shape = len(block) > 1 or bool(_LISTED.search(block[0]))
    return has_shape and any(CONTACT.search(line) for line in block)


def _is_ornament(block: list[str]) -> bool:
    """Whether a paragraph speaks of neither payments nor anybody: office hours, awards, fairs."""
    if len(block) > _CARD_LINES or any(len(line) > _MAX_LINE_CHARS for line in block):
        return False
    text = _HOURS.sub("", _INVITES.sub("", " ".join(block))).strip()
    is_name = len(" ".join(block).split()) <= _CARD_LINES and not _WEEKDAY.search(text) and text[:1] not in _QUOTE_MARKS
    if is_name or text.endswith(".") or CLOSING.match(block[0]) or GREETING.match(block[0]):
        return False
    return not (_MATTER.search(text) or _SPEAKS.search(text) or _PAYS.search(text))


def _is_of_season(block: list[str]) -> bool:
    return len(block) <= _CARD_LINES and bool(_SEASON.match(block[0]))


def _is_card(block: list[str], above: str, sender_name: str, *, is_later: bool) -> bool:
    """Whether a paragraph is names, titles and firms only, where a letter has been signed or as its sender signs.

    `above` is the last line before it: a sign-off ("Yours faithfully,", "Bev") tells that the words are over.
    """
    if len(block) > _CARD_LINES + 2 or any(CLOSING.match(line) or GREETING.match(line) for line in block):
        return False
    if not all(_is_label(line) or _disclaims(line) for line in block):
        return False
    name = {word.casefold() for word in re.findall(r"[^\W\d_]{2,}", sender_name)}
    head = {word.casefold() for word in re.findall(r"[^\W\d_]{2,}", block[0])}
    if CLOSING.match(above) or (len(above.split()) >= _WORDS_OF_SENTENCE and _ENDS_IN_CLOSING.search(above)):
        return len(block) > 1  # one line is the name itself
    if _is_label(above) and len(above.split()) <= 4:  # noqa: PLR2004
        return len(block) > 1 or len(block[0].split()) > 1
    # Without a sign-off above, name and title may be the sign-off itself: the sender's own words.
    return is_later and (len(block) > 1 or (len(name) > 1 and name <= head))


def _is_slogan(block: list[str], above: list[str]) -> bool:
    """Whether a paragraph below "Regards, / Bev" speaks to nobody: what a firm puts under every mail."""
    is_signed = any(CLOSING.match(line) for line in above) and not CLOSING.match(block[0])
    text = " ".join(block)
    return is_signed and len(block) <= _CARD_LINES and not (_MATTER.search(text) or _SPEAKS.search(text))


def _is_label(line: str) -> bool:
    """Whether a line is a name, a title, a firm: short, no sentence, mostly capitals at the beginnings of words."""
    text = line.strip()
    words = re.findall(r"[^\W\d_]+", text)
    if not words or len(text) > _MAX_LINE_CHARS or text.endswith(("?", "!", ":")) or _MATTER.search(text):
        return False
    if text.endswith(".") and len(words) > 4:  # noqa: PLR2004 - "Pixel Forge Inc."
        return False
    small = [word for word in words if word[0].islower() and word.casefold() not in _JOINTS]
    return words[0][0].isupper() and len(small) * 3 <= len(words) - 1


def _paragraphs(lines: list[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = -1
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            start = number if start < 0 else start
        elif start >= 0:
            found.append((start, number))
            start = -1
    return found


def _is_signature(block: list[str], *, is_below: bool) -> bool:
    whole = "\n".join(block)
    is_disclaimer = _disclaims(whole)
    talks = sum(map(_is_talk, block))
    if talks and len(block) < _LONG_CARD and not is_disclaimer:
        return False
    text = _HOURS.sub("", _NO_MATTER.sub("", whole))
    if _MATTER.search(text):
        return False
    if is_disclaimer:
        return True
    if any(len(line) > _MAX_LINE_CHARS and not REGISTER.search(line) for line in block):
        return False
    if CLOSING.match(block[0]) or (_SIGNS.match(block[0]) and len(block) < _CARD_LINES):
        return False
    contacts = sum(bool(CONTACT.search(line) or FIRM.search(line) or REGISTER.search(line)) for line in block)
    contacts += any(_LISTED.search(line) for line in block)
    titles = sum(bool(TITLE.search(line)) for line in block)
    if talks > (len(block) >= _LONG_CARD and contacts > 1):  # a motto may stand among them
        return False
    if is_below or REGISTER.search(text):
        return contacts + titles > 0
    return contacts > 0 and (len(block) > 1 or contacts + titles > 1)


def _is_talk(line: str) -> bool:
    """Whether a line ends as a sentence does, or goes on as one; "Maple Ridge Pet Hospitals Inc." is none."""
    text = line.rstrip()
    words = text.split()
    ends = text.endswith((".", "!", ",")) and len(words) > 4  # noqa: PLR2004
    goes_on = len(words) >= _WORDS_OF_TALK and 2 * sum(word[0].islower() for word in words) > len(words)
    is_small = 3 * sum(word[0].islower() for word in words) >= len(words)
    if not (ends or goes_on) or _HOURS.search(text) or (REGISTER.search(text) and not is_small):
        return False
    return goes_on or not any(len(text) - firm.end() < 2 for firm in FIRM.finditer(text))  # noqa: PLR2004 - its full stop


def _disclaims(text: str) -> bool:
    small = text.lower()
    return any(one in small for one in _DISCLAIMER_PARTS) and bool(DISCLAIMER.search(text))


def _repeats_name(above: list[str], block: list[str]) -> bool:
    """Whether a block begins with the name just typed above it ("Tom", or "T." / "Tom Alder RIBA, Partner")."""
    typed = next((line.strip() for line in reversed(above) if line.strip()), "")
    if GREETING.match(typed) or typed.endswith(":") or len(block[0]) > _MAX_LINE_CHARS:
        return False
    if _INITIAL.fullmatch(typed):
        return block[0].lstrip()[:1] == typed[0] and _is_label(block[0])
    words = re.findall(r"[^\W\d_]{3,}", typed)
    is_matter = _MATTER.search(_HOURS.sub("", "\n".join(block)))
    if not words or len(typed.split()) > 4 or is_matter:  # noqa: PLR2004
        return False
    head = block[0].casefold().split()
    return words[-1].casefold() in head or words[0].casefold() in head


def _cut_below_name(lines: list[str], start: int, closings: list[int]) -> int:
    """Return the first line below "Best regards, / Dana Smith" that says how to reach her, in the same paragraph.

    A title or a firm alone, right under the name, is how many people sign: their own words.
    """
    if not closings:
        return start
    name = next((i for i in range(closings[-1] + 1, start) if lines[i].strip()), start)
    for number in range(name + 1, start):
        line = lines[number]
        if not line.strip():
            break
        if CONTACT.search(line) or TITLE.search(line) or FIRM.search(line):
            rest = [other for other in lines[number:start] if other.strip()]
            if any(CONTACT.search(other) for other in rest) and not any(map(_is_matter, rest)):
                return number
    return start


def _is_matter(line: str) -> bool:
    return len(line) > _MAX_LINE_CHARS or _MATTER.search(line) is not None
