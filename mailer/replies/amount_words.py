"""The words around and instead of figures that make an amount: shares, numbers in words, words for paying."""

from __future__ import annotations

import re

#: "two thousand", "dreihundert": from a thousand on, or with a currency behind them.
BIG_WORDS = re.compile(
    r"(?<![\w-])(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|"
    r"deux|trois|quatre|cinq|six|huit|dix|quinze|vingt|dos|tres|cuatro|cinco|seis|ocho|diez|quince|veinte) "
    r"(?:thousand|grand|hundred|mille|mil|cents?)"
    r"(?: (?:and )?(?:one|two|three|four|five|six|seven|eight|nine) hundred)?|"
    r"\w{0,12}(?:tausend|duizend|mila|hundert|honderd)\w{0,24}|"
    r"\w{3,12}cent[oi]s?|\w{3,10}cient[oa]s|quinient[oa]s)(?![\w-])",
    re.IGNORECASE,
)
#: Small letters that each of those holds one of, and each of the shares below.
BIG_WORD_PARTS = (
    "thousand", "grand", "hundred", "mil", "cent", "tausend", "duizend", "hundert", "honderd", "cient", "quinient",
)  # fmt: skip
SHARE_PARTS = (
    "half", "hälfte", "moiti", "mitad", "helft", "metà", "meta", "third", "quart", "drittel", "viertel", "tiers",
    "tercio", "cuarto", "derde", "kwart", "terz", "%", "cent", "prozent", "cien", "balance", "remainder", "rest",
    "differen", "solde", "surplus", "complément", "saldo", "verschil", "rimanente",
)  # fmt: skip
_HALF = (
    r"(?:the )?(?:other |first |second )?half(?! (?:a |an |the )?(?:day|hour|week|month|year)|-)|"
    r"(?:die |der )?(?:andere[n]? |erste[n]? |zweite[n]? )?hälfte|"
    r"(?:l['\u2019]autre |la |l['\u2019])?moiti[ée]|(?:la )?(?:otra )?mitad(?! de (?:mes|semana))|"
    r"(?:de )?(?:andere )?helft|(?:la |l['\u2019]altra )?met[àa](?! (?:mese|settimana|del mese|della|gennaio|febbraio|"
    r"marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre|di ))|la met[àa]"
)
_PART = (
    r"(?:a|one|the first|another) (?:third|quarter)(?! (?:party|invoice|end|past|to|time|of an|reminder))|"
    r"ein(?:en)? (?:drittel|viertel)|un (?:tiers|quart)|"
    r"un (?:tercio|cuarto)|een (?:derde|kwart)|un (?:terzo|quarto)|two[- ]thirds|zwei drittel|deux tiers|dos tercios|"
    r"twee derde|due terzi|\d{1,3} ?(?:%|percent|per cent|prozent|pour cent|por ciento|procent|per cento)"
)
_REST = (
    r"(?<!full )(?<!whole )(?<!entire )(?:the )?(?:remaining )?(?:balance|remainder|rest|difference)"
    r"(?! (?:of (?:the|my|our) (?:week|month|year|team|order)|sheet|assured))|"
    r"(?:der|den|des) (?:rest(?:betrag)?|restlichen betrag|differenz)s?|restbetrag|"
    r"(?:le|du) (?:solde|reste|surplus|complément)|(?:el|del) (?:resto|saldo|restante)|"
    r"(?:het|de) (?:restant|resterende(?: bedrag)?|rest|saldo|verschil)|(?:il|del) (?:resto|saldo|restante|rimanente)"
)
#: "half", "50 %", "the rest": of what, only the ledger knows.
SHARE = re.compile(rf"(?<!\w)(?:{_HALF}|{_PART}|{_REST})(?!\w)", re.IGNORECASE)
#: Before a bare whole number that is money: words for paying, owing, taking off; "the", when nothing follows it.
PAYING = re.compile(
    r"(?:\b(?:pay|paying|paid|pd|send|sending|sent|transfer\w*|wire\w*|remit\w*|settle|manage|afford|offer\w*|do|accept|"
    r"take|knock|deduct\w*|withh\w+|less|minus|owe|owes|owed|balance|total|sum|amount|rest|remaining|outstanding|other|"
    r"überweis\w*|zahl\w*|bezahl\w*|anweis\w*|begleich\w*|abzüglich|rest|restlichen|verbleibenden|übrigen|betrag|summe|"
    r"virement|vire\w*|vers\w+|r[ée]gl\w+|paye\w*|paie\w*|solde|moins|montant|reste|somme|"
    r"pag\w+|transf\w+|abon\w+|ingres\w+|liquid\w+|menos|importe|saldo|resto|unos|"
    r"betaal\w*|betalen|maak|stort\w*|overige|restant|bedrag|resterende|"
    r"bonific\w*|vers\w+|sald\w*|importo|meno|restanti|resto|circa)"
    r"(?: (?:of|for|the|a|an|you|your|de|le|les|la|los|el|di|i|il|van|die|der|den|von|ihnen|vous|in|over|"
    r"up to|about|roughly|only|off|me|another|first|flat|another|je|u|jullie|un|erst|schon|mal|noch|at least)){0,3}"
    r"|\b(?:for|of|with|by) the|\b(?:die|les|los|de|the|i)|\bhow about|\bcould do|\bcan do|\bwould do|\bdo you) $",
    re.IGNORECASE,
)
#: After such a number: the end, or a small word; any noun would be what is counted.
UNCOUNTED = re.compile(
    r"\s*(?:$|[.;:!?)\n]|,(?!\d)|(?:on|by|in|at|for|from|off|each|a|per|now|today|tonight|tomorrow|this|next|and|to|is|"
    r"flat|cash|up|back|down|more|less|every|then|with|until|before|straight|then|i|we|"
    r"am|bis|zum|im|morgen|heute|noch|an|pro|und|monatlich|sofort|überweis\w*|zahl\w*|werden|wird|sind|"
    r"le|au|avant|en|par|aujourd\w*|demain|chaque|et|el|antes|para|por|al|hoy|cada|y|"
    r"op|voor|vandaag|over|per|morgen|elke|maak|il|entro|domani|oggi|ogni|e|lunedì|venerdì|"
    r"monday|tuesday|wednesday|thursday|friday|montag|dienstag|mittwoch|donnerstag|freitag|lundi|mardi|mercredi|jeudi|"
    r"vendredi|lunes|martes|viernes|maandag|dinsdag|woensdag|donderdag|vrijdag)\b)",
    re.IGNORECASE,
)
#: Numbers of invoices, orders, clauses, cheques; times.
NAMED = re.compile(
    r"(?:invoices?|inv|no|nr|n[°º]|num\w{0,16}|nummer|order|po|ref\w{0,16}|check|cheque|ck|item|line|position|section|"
    r"clause|page|rechnung\w{0,16}|bestell\w{0,16}|facture|factura|factuur|fattura|fatture|week|kw|semaine|semana|"
    r"settimana|article|room|conf\w{0,16}|kunden\w{0,16}|customer|art|pos|#)[.:]?\s?#?$",
    re.IGNORECASE,
)
