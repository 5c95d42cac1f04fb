"""What programs and firms put below a mail: devices, virus scanners, disclaimers, privacy notices, pictures.

Nobody wrote it in this mail, so it is part of the signature. It is known by what only such text says: words that a
debtor may use ("delete my data", "this came to me in error") are not enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.replies.needles import needles


@dataclass(frozen=True, slots=True)
class _OneOf:
    """Whole words in any case, searched for only where a text holds letters without which none of them is there."""

    pattern: re.Pattern[str]
    needles: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        """Whether a text, in small letters, holds any of them."""
        return any(one in text for one in self.needles) and bool(self.pattern.search(text))


def _one_of(*patterns: str) -> _OneOf:
    words = rf"\b(?:{'|'.join(patterns)})\b"  # in small letters
    return _OneOf(re.compile(words), needles(words))


_MAX_CHARS = 2_500
#: Who looks for viruses, and how it says so.
_SCANNER = _one_of(
    r"avast|avg|norton|mcafee|mimecast|symantec|messagelabs|sophos|trend ?micro|kaspersky|eset|f-secure|bitdefender",
    r"barracuda|proofpoint|mailscanner|malwarebytes|virus\w*|viren|antivirus",
)
_THIS_MAIL = (
    r"(?:this|diese|ce|cet|este|el presente|questo|questa|dit|deze) "
    r"(?:e-?mail|mail|message|nachricht|courriel|mensaje|correo|messaggio|bericht)"
)
_SCANNED = _one_of(
    r"(?:virus[- ]?free|virenfrei|(?:sans|libre de|privo di|priva di|senza) virus|virusvrij)\.? ?(?:www|http)\S*",
    rf"{_THIS_MAIL}[^.\n]{{0,80}}(?:scanned|checked|geprüft|analys\w+|vérifi\w+|comprobado|analizado|verificado)",
    rf"{_THIS_MAIL}[^.\n]{{0,80}}(?:controllat\w|scansionat\w|gecontroleerd|gescand)",
    r"ha comprobado este mensaje|base de firmas de virus|virus signature database|scanned by \w+\. no virus\w*",
)
#: Of one line: the program or device that a mail was written with, or where to get it.
_SENT_WITH = re.compile(
    r"\W{0,4}(?:(?:this (?:e-?mail|message) was )?(?:sent|written) (?:with|via|by|from|using)\b|"
    r"(?:get|download) (?:outlook|bluemail|the \w{2,10} app)\b|"
    r"gesendet (?:mit|über|von|aus)\b|diese nachricht wurde\b|envoyé (?:avec|depuis|à partir|via|par)\b|"
    r"enviado (?:con|desde|por|a través)\b|este mensaje ha sido enviado\b|ce message a été envoyé\b|"
    r"questo messaggio è stato inviato\b|dit bericht is verzonden\b|inviato (?:con|da|dal|tramite)\b|"
    r"(?:verzonden|verstuurd) (?:met|vanaf|vanuit|via)\b|"
    r"(?:télécharger|obten(?:ez|ir)|obtener|descargar?|ottieni|scarica) outlook\b|"
    r"outlook (?:für|for|pour|para|per|voor)\b|yahoo mail:)",
    re.IGNORECASE,
)
_WRITER = _one_of(
    r"outlook|proton ?mail|gmail|yahoo|aol|gmx|web\.de|t-online|freenet|bluemail|airmail|edison|canary",
    r"thunderbird|zoho|tutanota|fastmail|superhuman|spark|mailbird|mailspring|em client|iphone|ipad|android",
    r"galaxy|samsung|huawei|xiaomi|blackberry|nokia|windows|webmail|horde|imp|orange|sfr|laposte|libero ?mail",
    r"virgilio|aruba|telekom|ziggo|kpn",
)
#: Such a line says nothing else.
_MOST_WORDS_OF_PROGRAM = 12
_THREE_DIGITS = re.compile(r"\d{3}|\d ")
#: Pictures that were left out: "[cid:image001.png@01DB…]", "[Logo]", "<image001.png>".
_PICTURES = re.compile(
    r"(?:(?:\[(?:cid:|image|logo|icon|banner|signature|facebook|linkedin|twitter|instagram|youtube|https?:)"
    r"[^\]\n]{0,160}\]|\[[^\]\n]{0,120}description automatically generated\]|<[^<>\s]{0,80}\.(?:png|jpe?g|gif)>)"
    r"(?:<[^<>\s]{3,300}>)? {0,4}){1,20}",
    re.IGNORECASE,
)
#: What Freshdesk, Help Scout and Zendesk end their letters with.
_TICKET = re.compile(r"\d{3,6}:\d{5,9}|\{#HS:[\d-]{3,30}#?\}|\[[0-9A-Z]{6}-[0-9A-Z]{4}\]")
_PAPER = _one_of(
    r"before (?:you )?print(?:ing)? (?:this|the) (?:e-?mail|message)|consider the environment before",
    r"avant d['\u2019]imprimer (?:ce|cet|cette|l['\u2019])|pensez à l['\u2019]environnement",
    r"antes de imprimir (?:este|esta|el)|prima di stampare (?:questa|questo|la|il|l['\u2019])|(?:e-?)?mail ausdrucken",
    r"mail [^.\n]{0,30}ausgedruckt werden|ausdruck dieser (?:e-?)?mail|denken sie an die umwelt|denk aan het milieu",
    r"voordat u (?:deze|dit) [^.\n]{2,30} (?:print|afdrukt)",
)
#: What disclaimers speak of: this mail, what holds for whoever should not have it, and what he is to do with it.
_DISCLAIMER = (
    _one_of(
        r"(?:this|the) (?:e-?mail|message|communication|transmission)|diese[rs]? (?:e-?mail|mail|nachricht)",
        r"(?:ce|cet|le présent) (?:message|courriel|e-?mail)|este (?:mensaje|correo)",
        r"(?:questo|presente) (?:messaggio|e-?mail)|contenut\w+ (?:in|nel) \w{0,6} ?(?:messaggio|comunicazione)",
        r"(?:dit|deze) (?:bericht|e-?mail|mail)",
    ),
    _one_of(
        r"if you (?:are not|have received|received|believe)|intended (?:only |solely )?for|intended recipients?",
        r"addressee",
        r"wenn sie nicht|sollten sie|nicht der (?:richtige|beabsichtigte|vorgesehene) \w+",
        r"si vous (?:n['\u2019]êtes|avez|l)",
        r"exclusi\w+|si (?:usted|ha|no es|lo ha)|se (?:non siete|avete|ha ricevuto|lo ha)|qualora|uso esclusivo",
        r"indien u|als u|uitsluitend|kan (?:\w+ )?informatie",
    ),
    _one_of(
        r"delete|destroy|notify|advise|confidential|privileged|unauthori[sz]ed|disclos\w+|vertraulich\w*|löschen",
        r"vernichten|informieren|geschützt\w*|détruire|supprimer|confidentiel\w*|avertir|elimin\w+|borr\w+",
        r"confidencial\w*|riservat\w*|distrugg\w+|cancell\w+|vertrouwelijk\w*|verwijder\w*|vernietig\w*|rechten",
    ),
)
_SHORTEST_DISCLAIMER = 80
#: Whose data are kept where.
_PRIVACY = _one_of(
    r"(?:see|read|view) our privacy (?:policy|notice|statement)|informationen zum datenschutz",
    r"datenschutz(?:hinweise|erklärung) finden",
    r"notre politique de (?:confidentialité|protection des données) (?:est|sur)",
    r"le informamos (?:de )?que sus datos|sus datos (?:personales )?(?:son|serán) (?:tratad|incorporad)\w+",
    r"(?:2016/679|gdpr|196/2003)[^\n]{0,60}(?:informazioni|si precisa)",
    r"vos données (?:personnelles|à caractère personnel) sont",
    r"aviso de privacidad: (?:www|http)\S*|vous disposez d['\u2019]un droit d['\u2019]accès",
)
#: Help desks, and a firm's terms.
_SERVICE = _one_of(
    r"this e-?mail is a service from|(?:delivered|fourni|zugestellt) (?:by|par|von) zendesk",
    r"cet e-mail est un service fourni|how did we do\? rate this",
    r"op al onze \w+ zijn [^.\n]{0,40}voorwaarden|authori[sz]ed and regulated by the|is a charity exempt",
)
#: Who wants something of us does not write small print.
_DEMANDED = _one_of(
    r"stop|cease|violat\w+|demand\w*|unterlass\w+|verlang\w+|forder\w*|exig\w+|cess\w+|diffid\w+|chied\w+|"
    r"verzoeken wij|kunden?|customers?|clients?|clientes?|clienti?|klant\w*|mahn\w+|relance\w*|sollecit\w+",
)
#: Who says it, or what it is about: then it is a sentence of the mail, whatever else it says.
_SAID = re.compile(
    r"[€£$]\s?\d|\d\s?(?:€|£|eur|gbp|usd|chf)\b|\b(?:invoices?|rechnung(?:en)?|factur(?:es?|as?|en)|factuur|fattur[ae]|"
    r"reminders?|mahnung(?:en)?|i|i['\u2019]m|me|my|ich|mich|mir|mein\w*|je|j['\u2019]\w+|moi|mon|ma|yo|mi|mis|"
    r"io|mio|mia|miei|ik|mij|mijn)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"\s*(?:https?://|www\.)\S+\s*")
_ANY_LINK = re.compile(r"<?(?:https?://|www\.)\S+")
_NO_WORDS = " \t\u00a0-_=*"


def footer_start(lines: Sequence[str]) -> int:
    """Return the index of the first of the last lines that are such text, `len(lines)` when there are none.

    Rules above it belong to it.
    """
    start = len(lines)
    for first, last in reversed(_paragraphs(lines)):
        if is_footer(lines[first:last]):
            start = first
        elif not all(_LINK.fullmatch(line) for line in lines[first:last]):
            break  # a link alone belongs to what stands above it
    while 0 < start < len(lines) and not lines[start - 1].strip(_NO_WORDS):
        start -= 1
    return start


def _paragraphs(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the stretches of lines with words; a rule of dashes ends one, as a blank line does."""
    found: list[tuple[int, int]] = []
    start = -1
    for number, line in enumerate([*lines, ""]):
        if line.strip(_NO_WORDS):
            start = number if start < 0 else start
        elif start >= 0:
            found.append((start, number))
            start = -1
    return found


def is_footer(block: Sequence[str]) -> bool:
    """Whether a paragraph is such text."""
    if all(_PICTURES.fullmatch(line.strip()) or _TICKET.fullmatch(line.strip()) or _is_program(line) for line in block):
        return True
    text = " ".join(block)[:_MAX_CHARS].lower()
    is_scanned = _SCANNER.is_in(text) and _SCANNED.is_in(text)
    is_disclaimer = len(text) >= _SHORTEST_DISCLAIMER and all(one.is_in(text) for one in _DISCLAIMER)
    is_like_one = is_scanned or is_disclaimer or any(one.is_in(text) for one in (_PRIVACY, _PAPER, _SERVICE))
    return is_like_one and not (_SAID.search(text) or _DEMANDED.is_in(text))


def _is_program(line: str) -> bool:
    words = _ANY_LINK.sub("", line.strip())
    is_short = len(words.split()) <= _MOST_WORDS_OF_PROGRAM and not _THREE_DIGITS.search(words)
    return is_short and bool(_SENT_WITH.match(words)) and _WRITER.is_in(words.lower())
