"""Marks of a talk that is not to be shown to a court: without prejudice, or a confidential attempt to settle.

Only what parties write on purpose counts, in the subject or anywhere in the text (who quotes such a mail discloses it).
"Without prejudice to our rights", and the confidentiality below every mail of some firms, mark nothing. What is marked
may be privileged (England and Wales: Rush & Tompkins v GLC [1989] AC 1280; USA: Federal Rules of Evidence 408; ADR:
Directive 2008/52/EC, article 7); whether it is, a lawyer decides.
"""

from __future__ import annotations

import re

#: Longer texts are looked at up to here, in characters.
MAX_CHARS = 200_000
_MARKS = re.compile(
    r"(?<!\w)(?:"
    r"without[ -]prejudice(?! to\b)|save as to costs|settlement privilege|(?:rule|fre) 408\b|"
    r"(?:mediation|settlement|adr) (?:communication|discussion|negotiation)s?,? (?:strictly )?confidential|"
    r"confidential (?:mediation|settlement|adr)\b|"
    r"unpr(?:ä|ae|a)judiziell|ohne pr(?:ä|ae|a)judiz(?! f(?:ü|ue|u)r\b)|"
    r"vertrauliche[rsn]? (?:vergleichs\w+|mediation\w*|schlichtung\w*|g(?:ü|ue)te\w+)|"
    r"sans pr(?:é|e)judice(?! d(?:e|es|u|')(?!\w))|"
    r"(?:n(?:é|e)gociations?|transaction|m(?:é|e)diation) confidentielles?|"
    r"(?:negociaci(?:ó|o)n|mediaci(?:ó|o)n|oferta) confidencial|"
    r"confraternele? (?:vertrouwelijk\w*|correspondentie)|vertrouwelijk schikkings\w+|"
    r"(?:corrispondenza|comunicazione) riservata(?: personale)?|riservata personale|mediazione riservata"
    r")(?!\w)",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[\s>]+")


def marked_without_prejudice(*texts: str) -> str:
    """Return the words that mark one of the texts as not to be shown, "" when none does."""
    for text in texts:
        hit = _MARKS.search(_BLANKS.sub(" ", text[:MAX_CHARS]))
        if hit:
            return hit[0]
    return ""
