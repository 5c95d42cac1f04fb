"""By which reference a payment can be found: bank reference, number of a cheque, transaction, remittance advice."""

from __future__ import annotations

import re

_WORD = (
    r"(?:(?:our |payment |bank |your |eu[er]{0,2} |onze |notre |nuestra |ns\.? |n/)?ref(?:erence|erenz|\.?-?nr|"
    r"erentie|erencia|"
    r"erimento|\u00e9rence|erence)?|conf(?:irmation)?(?: (?:code|number|no))?|trace(?: (?:id|no|number))?|utr|trn|cro|"
    r"transa[ck]tion(?:s-?(?:id|nr|nummer))?(?: (?:id|no|number))?|beleg(?:nr|nummer)?|verwendungszweck|"
    r"zahlungsreferenz|document(?: (?:no|number))?|dokument(?:nr)?|remittance advice|payment advice|avis de virement|"
    r"(?:zahlungs)?avis(?: nr)?|o\.?v\.?v\.?|kenmerk|betalingskenmerk|concepto|justificante|"
    r"num[e\u00e9]ro|n\u00famero|numero|number|nummer|chec?k(?: (?:no|number))?|cheque(?: (?:no|number))?|ck|"
    r"scheck(?:nr)?|"
    r"ch[e\u00e8]que n[\u00b0o]|libell\u00e9|causale|zweck|virement n[\u00b0o]|payment (?:id|no|number)|bacs ref|"
    r"ach trace|fed ref|"
    r"imad|e2e|end-?to-?end(?: id)?|distinta(?: n)?|remesa|dettaglio(?: del)? pagamento|orden|ordine|lote|lot|batch)"
)
#: A word for it, perhaps "no.", and something with a digit in it, perhaps behind a name in capitals.
_REFERENCE = re.compile(
    rf"(?<![\w-])(?i:{_WORD})(?i:\s?(?:nr|no|n[\u00b0\u00ba]|is|number|nummer|was)\b\.?)?[ \t.:#\u00b0]{{0,30}}"
    r"((?:[A-Z][A-Z.&]{1,15} ){0,3}(?=[A-Z\d/.-]{0,30}\d)[A-Z\d][A-Z\d/.-]{2,33})(?![\w@])",
)
_INVOICE = re.compile(r"(?i)(?:inv|re|rg|fa|ft)[-_/ ]?\d")
_DAY = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}")
_MONEY = re.compile(r"\d{1,3}(?:[.,]\d{3})*[.,]\d{2}")


def reference_in(text: str) -> str | None:
    """Return the first reference that some words name, None when there is none; invoice numbers and days are none."""
    for hit in _REFERENCE.finditer(text):
        value = hit[1].rstrip(".-/")
        if not (_INVOICE.match(value) or _DAY.fullmatch(value) or _MONEY.fullmatch(value)):
            return value
    return None
