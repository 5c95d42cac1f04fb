"""How remittance advices are called, and what stands on them, in six languages; matched in flat small letters."""

from __future__ import annotations

import re


def _whole(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W\d_])(?:{'|'.join(patterns)})(?![^\W\d_])")


_PAYMENTS_FR = r"(?:virement|paiement|reglement)s?"
_PAYMENTS_IT = r"(?:pagament[oi]|bonific[oi])"

#: What an advice calls itself, or is called as a file.
TITLE = _whole(
    r"remittances?", r"remit", r"(?:payment|bacs|eft|ach) (?:advice|notification|specification|details|listing)",
    r"advice of payments?",
    r"(?:zahlungs|uberweisungs)?-?avis", r"avisierung", r"zahlungs(?:mitteilung|anzeige|aufstellung)",
    r"uberweisungs(?:beleg|anzeige)",
    rf"avis d[eu] {_PAYMENTS_FR}",
    rf"(?:detail|bordereau|releve|etat|lettre) (?:(?:de|du|des|votre|notre|vos|nos) ){{0,2}}{_PAYMENTS_FR}",
    r"remesa", r"relacion de (?:los )?pagos", r"aviso de (?:pago|transferencia|abono)",
    r"detalle (?:de |del )(?:la )?(?:pago|pagos|transferencia)",
    r"(?:betaal|betalings)(?:specificatie|advies|overzicht|kennisgeving)",
    rf"(?:dettaglio|distinta|specifica|avviso) (?:(?:di|del|dei|avvenuto) ){{0,2}}{_PAYMENTS_IT}",
)  # fmt: skip

#: What only somebody writes who wants money: then it is no advice.
DEMAND = _whole(
    r"(?:amount|balance|total|payment)s? (?:is |now )?(?:due|payable)", r"due for payment",
    r"please (?:pay|remit|settle)",
    r"remit payments? to", r"payable (?:by|within)",
    r"zahlbar", r"bitte (?:\w+ ){0,6}(?:uberweisen|zahlen|begleichen)", r"zu zahlen(?:der betrag)?",
    r"net a payer", r"(?:merci|priere) de (?:regler|payer|virer)", r"a (?:payer|regler) (?:avant|sous|au|le)",
    r"te betalen", r"gelieve", r"da pagare", r"(?:importe|total) a pagar", r"avviso di pagamento pagopa",
)  # fmt: skip

#: Before the day of the payment.
PAID_ON = _whole(
    r"(?:payment|pay|paid|value|settlement|transfer|remittance|cheque|check) ?date", r"date (?:of payment|paid)",
    r"paid on",
    r"zahlungs(?:datum|tag|termin)", r"(?:datum|tag) der (?:zahlung|uberweisung)", r"valuta(?:datum)?", r"zahldatum",
    r"(?:aus|durch)fuhrung(?:s(?:datum|tag))?", r"wertstellung", r"buchungs(?:tag|datum)", r"uberwiesen am",
    rf"date (?:d'execution|de (?:valeur|{_PAYMENTS_FR})|du {_PAYMENTS_FR})",
    r"fecha (?:de )?(?:valor|(?:la )?(?:transferencia|operacion|ejecucion)|(?:del )?pago)",
    r"(?:betaal|uitvoerings|valuta)datum", r"datum (?:van )?(?:de )?(?:betaling|overboeking)", r"betaald op",
    rf"data (?:di |del )?(?:valuta|esecuzione|{_PAYMENTS_IT})",
)  # fmt: skip

#: Of a table without a title: what the payment can be found by.
REFERENCE = _whole(
    r"payment (?:ref(?:erence)?|no|number|id)", r"zahlungs(?:referenz|nummer)",
    rf"(?:ref(?:erence)?|numero) (?:de |du )?{_PAYMENTS_FR}", r"(?:referencia|numero) (?:de |del )?pago",
    r"betalings(?:kenmerk|referentie)", rf"(?:riferimento|numero) (?:del )?{_PAYMENTS_IT}",
)  # fmt: skip

#: Before the sum of the payment.
TOTAL = _whole(
    r"(?:grand |sub)?totals?", r"total (?:paid|amount|payment|transferencia)", r"amount (?:paid|transferred|remitted)",
    r"(?:payment|transfer|remittance|cheque|check) (?:amount|total)",
    r"summe", r"gesamt(?:betrag|summe)?", r"(?:zahl(?:ungs)?|uberweisungs)betrag",
    r"montant (?:total|(?:du |de )?(?:virement|reglement|paiement))", r"importe total", r"totaal(?:bedrag)?",
    r"totale", r"importo (?:totale|bonificato|pagato)",
)  # fmt: skip
