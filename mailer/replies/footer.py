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
    words = rf"\b(?:{'|'.join(patterns)})\b".lower()
    return _OneOf(re.compile(words), needles(words))


_MAX_CHARS = 2_500
#: Who looks for viruses, and how it says so.
_SCANNER = _one_of(
    r"avast|avg|norton|mcafee|mimecast|symantec|messagelabs|sophos|trend ?micro|kaspersky|eset|f-secure|bitdefender",
    r"barracuda|proofpoint|mailscanner|malwarebytes|virus\w*|viren|antivirus",
)
_SCANNED = _one_of(
    r"virus[- ]?free|virenfrei|(?:sans|libre de|privo di|priva di|senza) virus|virusvrij",
    r"(?:scanned|checked) (?:for|by|with)|auf viren (?:ge|über)prüft|(?:analys|vérifi)\w+[^.\n]{0,60}virus",
    r"(?:comprobado|analizado|verificado)[^.\n]{0,60}virus|(?:controllat|scansionat|verificat)\w+[^.\n]{0,60}virus",
    r"(?:gecontroleerd|gescand) op virussen|ha comprobado este mensaje|a vérifié ce message",
    r"base de firmas|signature database|base de données des signatures",
)
#: Of one line: the program or device that a mail was written with, or where to get it.
_SENT_WITH = re.compile(
    r"\W{0,4}(?:(?:this (?:e-?mail|message) was )?(?:sent|written) (?:with|via|by|from|using)\b|get \w|download \w|"
    r"gesendet (?:mit|über|von|aus)\b|diese nachricht wurde\b|envoyé (?:avec|depuis|à partir|via|par)\b|"
    r"enviado (?:con|desde|por|a través)\b|este mensaje ha sido enviado\b|ce message a été envoyé\b|"
    r"questo messaggio è stato inviato\b|dit bericht is verzonden\b|inviato (?:con|da|dal|tramite)\b|"
    r"(?:verzonden|verstuurd) (?:met|vanaf|vanuit|via)\b|télécharger\b|obten(?:ez|ir)\b|obtener\b|descarg\w+|ottieni\b|"
    r"scarica\b|outlook (?:für|for|pour|para|per|voor)\b|yahoo mail:)",
    re.IGNORECASE,
)
_WRITER = _one_of(
    r"outlook|proton ?mail|gmail|yahoo|aol|gmx|web\.de|t-online|freenet|bluemail|airmail|edison|canary",
    r"thunderbird|zoho|tutanota|fastmail|superhuman|spark|mailbird|mailspring|em client|iphone|ipad|android",
    r"galaxy|samsung|huawei|xiaomi|blackberry|nokia|windows|webmail|horde|imp|orange|sfr|laposte|libero ?mail",
    r"virgilio|aruba|telekom|ziggo|kpn",
)
_LONGEST_PROGRAM = 160
#: Pictures that were left out: "[cid:image001.png@01DB…]", "[Logo]", "<image001.png>".
_PICTURES = re.compile(
    r"(?:(?:\[(?:cid:|image|logo|icon|banner|signature|facebook|linkedin|twitter|instagram|youtube|https?:)"
    r"[^\]\n]{0,160}\]|\[[^\]\n]{0,120}description automatically generated\]|<[^<>\s]{0,80}\.(?:png|jpe?g|gif)>)"
    r"(?:<[^<>\s]{3,300}>)? {0,4}){1,20}",
    re.IGNORECASE,
)
#: What free mailboxes advertise, and the numbers that Freshdesk and Help Scout end their letters with.
_PROVIDER = re.compile(
    r"(?:https?://|www\.)\S{0,20}\b(?:laposte|tiscali|libero|virgilio|orange|sfr|terra|yahoo|gmx|web\.de|t-online|freenet|aol)\b",
    re.IGNORECASE,
)
_TICKET = re.compile(r"\d{3,6}:\d{5,9}|\{#HS:[\d-]{3,30}#?\}|\[[0-9A-Z]{6}-[0-9A-Z]{4}\]")
_PAPER = _one_of(
    r"before (?:you )?print(?:ing)?|consider the environment|avant d['\u2019]imprimer",
    r"pensez à l['\u2019]environnement|antes de imprimir|medio ?ambiente|prima di stampare|ausgedruckt werden",
    r"vor dem ausdrucken|an die umwelt|umwelt zuliebe",
    r"voordat u (?:deze|dit) [^.\n]{2,30} (?:print|afdrukt)|aan het milieu",
)
#: What disclaimers speak of: this mail, whom it is not for, and what somebody else is to do with it.
_DISCLAIMER = (
    _one_of(
        r"(?:this|the) (?:e-?mail|message|communication|transmission)|diese[rs]? (?:e-?mail|mail|nachricht)",
        r"(?:ce|cet|le présent) (?:message|courriel|e-?mail)|este (?:mensaje|correo)",
        r"(?:questo|presente) (?:messaggio|e-?mail)|contenut\w+ (?:in|nel) \w{0,6} ?(?:messaggio|comunicazione)",
        r"(?:dit|deze) (?:bericht|e-?mail|mail)",
    ),
    _one_of(
        r"intended|recipient|addressee|in error|adressat\w*|empfänger|irrtümlich|destinataire|par erreur",
        r"destinatari\w+|por error|per errore|geadresseerde\w*|bestemd|abusievelijk",
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
    r"our privacy (?:policy|notice|statement)|informationen zum datenschutz",
    r"datenschutz(?:hinweise|erklärung) finden|notre politique de (?:confidentialité|protection des données)",
    r"nuestra política de (?:privacidad|protección)|le informamos (?:de )?que sus datos",
    r"(?:sus|los) datos (?:personales )?(?:son|serán|han sido) (?:tratad|incorporad)\w+",
    r"ai sensi (?:del|dell'art)\w*[^.\n]{0,40}(?:2016/679|gdpr|196/2003)|informativa (?:sulla )?privacy",
    r"onze privacy(?:verklaring|statement)|(?:vos|les) données (?:personnelles|à caractère personnel) (?:sont|font)",
    r"aviso de privacidad:|vous disposez d['\u2019]un droit d['\u2019]accès",
)
#: Help desks, and a firm's terms.
_SERVICE = _one_of(
    r"this e-?mail is a service from|(?:delivered|fourni|zugestellt) (?:by|par|von) zendesk",
    r"cet e-mail est un service fourni|rate this (?:answer|response|reply)|how did we do",
    r"op al onze \w+ zijn [^.\n]{0,40}voorwaarden|merry christmas and|frohe weihnachten und|joyeuses fêtes",
    r"feliz navidad y|buone feste|fijne feestdagen",
)
#: Who says it, or what it is about: then it is a sentence of the mail, whatever else it says.
_SAID = re.compile(
    r"[€£$]\s?\d|\d\s?(?:€|£|eur|gbp|usd|chf)\b|\b(?:invoices?|rechnung(?:en)?|factur(?:es?|as?|en)|factuur|fattur[ae]|"
    r"reminders?|mahnung(?:en)?|i|i['\u2019]m|me|my|ich|mich|mir|mein\w*|je|j['\u2019]\w+|moi|mon|ma|yo|mi|mis|"
    r"io|mio|mia|miei|ik|mij|mijn)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"\s*(?:https?://|www\.)\S+\s*")
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
    if ("www." in text or "http" in text) and _PROVIDER.search(text):
        return True
    if _SCANNER.is_in(text) and _SCANNED.is_in(text):
        return True
    is_disclaimer = len(text) >= _SHORTEST_DISCLAIMER and all(one.is_in(text) for one in _DISCLAIMER)
    is_like_one = is_disclaimer or any(one.is_in(text) for one in (_PRIVACY, _PAPER, _SERVICE))
    return is_like_one and not _SAID.search(text)


def _is_program(line: str) -> bool:
    is_short = len(line) <= _LONGEST_PROGRAM
    return is_short and bool(_SENT_WITH.match(line)) and _WRITER.is_in(line.lower())
