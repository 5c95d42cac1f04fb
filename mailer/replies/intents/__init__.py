"""What a reply may say, one file each. A new intent: its file, its phrases per language, its line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents import (
    acknowledgement,
    already_paid,
    approval_pending,
    bank_details,
    copy_request,
    delay,
    dispute,
    hardship,
    insolvency,
    legal,
    offer,
    plan_request,
    promise,
    question,
    redirect,
    refusal,
    remittance,
    stop_contact,
    terms,
    unrelated,
    vendor_setup,
    wrong_party,
)
from mailer.replies.passage import Passage

#: A detector sees the sender's own words only, clause by clause, and returns what it is sure to have seen.
Detector = Callable[[Passage], tuple[Finding, ...]]

INTENTS: Mapping[Intent, Detector] = {
    Intent.PROMISE: promise.find,
    Intent.DELAY: delay.find,
    Intent.PLAN_REQUEST: plan_request.find,
    Intent.HARDSHIP: hardship.find,
    Intent.ALREADY_PAID: already_paid.find,
    Intent.REMITTANCE: remittance.find,
    Intent.DISPUTE: dispute.find,
    Intent.REFUSAL: refusal.find,
    Intent.OFFER: offer.find,
    Intent.VENDOR_SETUP: vendor_setup.find,
    Intent.APPROVAL_PENDING: approval_pending.find,
    Intent.COPY_REQUEST: copy_request.find,
    Intent.BANK_DETAILS: bank_details.find,
    Intent.TERMS: terms.find,
    Intent.QUESTION: question.find,
    Intent.REDIRECT: redirect.find,
    Intent.ACKNOWLEDGEMENT: acknowledgement.find,
    Intent.STOP_CONTACT: stop_contact.find,
    Intent.LEGAL: legal.find,
    Intent.INSOLVENCY: insolvency.find,
    Intent.WRONG_PARTY: wrong_party.find,
    Intent.UNRELATED: unrelated.find,
}
