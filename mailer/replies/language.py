"""Which language somebody writes in, by the little words; good enough to choose phrases, not to do linguistics."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailer.replies.phrases import Language

_MAX_CHARS = 4_000
#: Languages we recognise so as not to take them for one we read.
_OTHERS: Mapping[str, frozenset[str]] = {
    "fr": frozenset(
        "le la les des une est nous vous pas pour dans que qui avec sur votre notre bonjour merci facture"
        " paiement et ce"
        " sera avons cordialement je du au sont".split()
    ),
    "es": frozenset(
        "el los las una es que por para con del su factura pago gracias saludos hola buenos no se lo ya hemos está le"
        " nos y en estimada estimado".split()
    ),
    "nl": frozenset(
        "het een van wij niet dat voor met zijn wordt factuur betaling u je jullie ik op bij aan nog graag groet beste"
        " maar ook deze hebben en er".split()
    ),
    "it": frozenset(
        "il lo gli una di che per con non del della è sono fattura pagamento grazie saluti buongiorno gentile abbiamo"
        " nostra vostra e al nel".split()
    ),
}
_ENOUGH = 2


def language_of(text: str, *, hint: str, known: Mapping[str, Language]) -> tuple[str, bool]:
    """Return the language (BCP 47 primary) of some words, and whether the words themselves decide it.

    `hint` is the customer's language: taken when the words are too few or two languages are equally likely.
    """
    words = re.findall(r"[^\W\d_]+(?:['\u2019][a-z]+)?", text[:_MAX_CHARS].lower())
    tables = {code: language.function_words for code, language in known.items()}
    tables.update({code: table for code, table in _OTHERS.items() if code not in tables})
    counts = {code: sum(word in table for word in words) for code, table in tables.items()}
    best = max(counts, key=lambda code: (counts[code], code == hint))
    rival = max((count for code, count in counts.items() if code != best), default=0)
    if counts[best] >= _ENOUGH and counts[best] > rival:
        return best, True
    return (best if counts[best] > rival else hint), False
