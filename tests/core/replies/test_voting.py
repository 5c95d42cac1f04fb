"""Phrases and weights vote: what the shipped weights see, and what no vote may do."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.reading import DISPUTE_REASONS, Intent, MailKind, Reading
from mailer.replies.certainty import is_plain
from mailer.replies.features import keys_of_pairs, keys_of_word, tokens
from mailer.replies.judging import INTENT_NAMES
from mailer.replies.reading import read
from mailer.replies.thresholds import CERTAIN, Consequence, allows
from mailer.replies.weights import WeightsError, weights_from_bytes, weights_from_parts, weights_to_bytes
from mailer.replies.zones import zones
from tests.core.replies.mails import PHRASES, ROOT, mail
from tests.corpus.examples import digest

FILE = ROOT / "config" / "reading" / "replies.weights"
WEIGHTS = weights_from_bytes(FILE.read_bytes())
VOTING = replace(PHRASES, weights=WEIGHTS)


def voted(text: str, *, hint: str = "en", sent_text: str | None = None) -> Reading:
    parts = zones(text, sent_text)
    return read(mail(text), parts, kind=MailKind.HUMAN, language_hint=hint, country="GB", phrases=VOTING)


def said(text: str, *, hint: str = "en") -> set[str]:
    return {one.intent.value for one in voted(text, hint=hint).findings}


def test_the_weights_name_the_data_they_were_trained_on() -> None:
    assert WEIGHTS.data == digest(), "the training data changed: run `make train`"
    assert len(WEIGHTS.mail.outer[0]) == len(INTENT_NAMES)
    assert WEIGHTS.names == (*INTENT_NAMES, *(f"reason.{one}" for one in DISPUTE_REASONS))


@pytest.mark.parametrize(
    ("hint", "text", "intent"),
    [
        ("en", "Hello,\n\nthe parcel that you billed never reached our dock.\n\nRegards", "dispute"),
        ("en", "Our solicitors will be writing to you about this bill.", "legal"),
        ("de", "Die Ware kam völlig zerkratzt bei uns an.", "dispute"),
        ("de", "Über unser Vermögen wurde das Insolvenzverfahren eröffnet.", "insolvency"),
        ("fr", "Le virement est parti ce matin de notre banque.", "already_paid"),
        ("es", "No me escriban más, por favor, borren mi dirección.", "stop_contact"),
        ("nl", "Kunnen we het bedrag in drie termijnen betalen?", "plan_request"),
        ("it", "Potete inviarci di nuovo la fattura? Non la troviamo.", "copy_request"),
    ],
)
def test_what_is_said(hint: str, text: str, intent: str) -> None:
    assert intent in said(text, hint=hint)


def test_a_promise_is_certain_only_when_phrases_see_it_too() -> None:
    for text in ("You can put us down for Friday the 27th.", "Money hits your bank Friday, promise."):
        for one in voted(text).findings:
            by_weights = one.evidence[0].rule.startswith("weights.")
            assert not (one.intent is Intent.PROMISE and by_weights and one.confidence >= CERTAIN)


def test_a_promise_without_a_day_is_a_delay() -> None:
    assert not any(
        one.intent is Intent.PROMISE and one.on is None for one in voted("I'll get it paid, promise.").findings
    )


@pytest.mark.parametrize(
    "text",
    [
        "We will not pay the invoice on Friday.",
        "We won't be paying this on 30 November.",
        "I am not going to pay you on Friday.",
        "There will be no payment on Friday.",
        "The transfer will not be made on Monday.",
    ],
)
def test_a_denied_verb_leaves_no_promise(text: str) -> None:
    assert "promise" not in said(text)


def test_quoted_words_change_nothing() -> None:
    text = "We pay INV-2041 on Friday.\n\nKind regards\nTom"
    quoted = "\n\nOn 16 Nov 2026, Ellen <e@seller.example> wrote:\n> Our lawyers will sue you.\n> We are insolvent."
    assert voted(text + quoted).findings == voted(text).findings


def test_evidence_is_verbatim_and_certainty_a_share() -> None:
    reading = voted("Hello Ellen,\n\nthe pump is broken; we keep the money.\nOur new bookkeeper is Ann.\n\nBest\nTom")
    assert reading.findings
    for one in reading.findings:
        assert 0 <= one.confidence <= 1
        for proof in one.evidence:
            assert reading.own[proof.start : proof.end] == proof.text
            assert proof.text
    assert 0 < reading.certainty <= 1


@pytest.mark.parametrize(
    ("hint", "text", "day"),
    [
        ("en", "chucked it in the banking app for Wednesday", "2026-11-25"),
        ("en", "Down for the Friday file.", "2026-11-20"),
        ("es", "Queda puesto para el viernes.", "2026-11-20"),
        ("nl", "Oei sorry, langs me heen gegaan. Maak ik vanavond over.", "2026-11-18"),
    ],
)
def test_a_promise_that_no_phrase_knows_has_its_day(hint: str, text: str, day: str) -> None:
    promises = [one for one in voted(text, hint=hint).findings if one.intent is Intent.PROMISE]
    assert [str(one.on) for one in promises] == [day]
    assert all(one.confidence < CERTAIN for one in promises)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("The money from the council comes on Friday. We will pay you on Monday.", ["2026-11-23", "2026-11-20"]),
        ("You will be paid 500 EUR on Friday. We will pay 400 EUR on 30 November.", ["2026-11-20", "2026-11-30"]),
        ("The big one will be paid on Friday. The other two will be paid on 4 December.", ["2026-11-20", "2026-12-04"]),
    ],
)
def test_the_last_day_named_is_the_promised_one_unless_parts_are_promised(text: str, days: list[str]) -> None:
    assert [str(one.on) for one in voted(text).findings if one.intent is Intent.PROMISE] == days


def test_who_disputes_in_plain_words_is_believed() -> None:
    reading = voted("Der Betrag ist falsch, wir widersprechen dieser Rechnung.", hint="de")
    (dispute,) = (one for one in reading.findings if one.intent is Intent.DISPUTE)
    assert allows(dispute, Consequence.DISPUTE)


def test_a_delay_until_a_day_is_a_promise_of_that_day_and_never_certain() -> None:
    (found,) = voted("The money will come a little later than planned, towards 18 December.").findings
    assert (found.intent, str(found.on)) == (Intent.PROMISE, "2026-12-18")
    assert found.confidence < CERTAIN


def test_what_counts_from_an_event_is_a_delay() -> None:
    assert said("Wenn wir die Gutschrift haben, wird noch am selben Tag überwiesen.", hint="de") == {"delay"}


def test_a_payment_made_is_no_delay() -> None:
    assert "delay" not in said("paid by BACS on 9 November, £7,120.31")


def test_words_without_a_clause_say_nothing() -> None:
    assert voted("...").findings == ()


def test_only_what_phrases_and_weights_see_alike_is_plain() -> None:
    sure = voted("We paid the invoice on 12 November.")
    assert not is_plain(replace(sure, certainty=0.01))
    assert is_plain(replace(sure, certainty=0.9))
    proof = replace(sure.findings[0].evidence[0], rule="weights.already_paid")
    alone = replace(sure.findings[0], evidence=(proof,))
    assert not is_plain(replace(sure, certainty=0.9, findings=(alone,)))


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_no_text_is_too_odd(text: str) -> None:
    assert len(WEIGHTS.scores(text)) == len(WEIGHTS.names)
    voted(text)


def test_two_thousand_mutations_never_raise() -> None:
    dice = random.Random(7)  # noqa: S311 - no secret
    own = "Hello, we will pay INV-2041 (1.250,00 EUR) on Friday, but the pump was broken. Call our lawyer? Thanks, Tom"
    for _ in range(2_000):
        letters = list(own)
        for _ in range(dice.randint(1, 12)):
            at = dice.randrange(len(letters))
            letters[at] = dice.choice([*"aeiou .,\n\x00?!€ß5-@\u00a0", "", letters[dice.randrange(len(letters))]])
        WEIGHTS.scores("".join(letters))
        if dice.random() < 0.1:
            voted("".join(letters))


def test_time_grows_with_the_text_and_not_with_its_square() -> None:
    def seconds(times: int) -> float:
        text = "a1-b2 99.99 eur, 1.1.1 x@y " * times
        best = float("inf")
        for _ in range(5):
            begin = time.process_time()
            for _ in range(5):
                tokens(text)
            best = min(best, time.process_time() - begin)
        return best

    seconds(10)
    assert seconds(70) < 30 * max(seconds(10), 1e-4)


def test_sums_and_days_become_marks() -> None:
    assert tokens("Pay € 1.200 by Friday, 5/12/2026 (INV-2041) 50 % Straße é ann@x.example 12") == [
        "pay", "_money", "by", "_day", "_date", "_ref", "_pct", "strasse", "e", "_mail", "_num2",
    ]  # fmt: skip


def test_a_word_is_known_by_its_parts() -> None:
    assert keys_of_word("paid") == ("wpaid", "spaid", "c^pai", "cpaid", "caid$", "c^paid", "cpaid$")
    assert keys_of_word("_day") == ("w_day", "s_day")
    assert list(keys_of_pairs(["we", "pay"])) == [
        "b< we", "B< we", "k< pay", "bwe pay", "Bwe pay", "kwe >", "bpay >", "Bpay >",
    ]  # fmt: skip


HEAD = {
    "names": ["a", "b"],
    "scales": [0.5, 0.1],
    "biases": [0.0, -1.0],
    "mail": {"inner": [[2.0], [-1.0]], "outer": [[1.0, -3.0], [0.5, 0.0]]},
    "reason": {"inner": [[1.0], [0.0]], "outer": [[1.0], [0.0]]},
    "sure": [0.5],
    "data": "x",
}


def test_weights_survive_their_file_and_sum_up() -> None:
    content = weights_to_bytes(HEAD, ["wpaid", "wwe"], bytes([130, 128, 126, 148]))
    weights = weights_from_bytes(content)
    assert content == weights_to_bytes(HEAD, ["wpaid", "wwe"], bytes([130, 128, 126, 148]))
    assert weights.scores("paid") == pytest.approx((1.0, -1.0))
    assert weights.scores("we paid") == pytest.approx((0.0, -1.0 + 2.0 / 2**0.5))
    assert weights.scores("other").tolist() == [0.0, -1.0]
    assert weights.mail.log_odds(np.array([1.5])).tolist() == [2.5, -6.0]
    assert weights.mail.log_odds(np.array([0.5])).tolist() == [0.5, 0.0]


def test_a_long_run_forgets_words_it_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.replies.weights._MOST_CACHED", 1)
    weights = weights_from_parts(HEAD, ["wpaid"], bytes([130, 128]))
    assert weights.scores("paid").tolist() == weights.scores("x paid").tolist()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        weights_to_bytes({"names": ["a"]}, ["x"], b"1"),
        weights_to_bytes(HEAD, ["x"], b"123"),
        weights_to_bytes(HEAD | {"mail": {"inner": [[1.0]], "outer": [[1.0]]}}, ["x"], b"12"),
        weights_to_bytes(HEAD | {"mail": {"inner": [[1.0], [1.0, 2.0]], "outer": [[1.0]]}}, ["x"], b"12"),
    ],
)
def test_a_broken_file_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsError, match=re.escape("the weights")):
        weights_from_bytes(content)


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        ("en", "Can we split it in two, please? 371.10 on 20 November and the same again on 4 December."),
        ("es", "¿Podríamos partir la factura en dos: 600 € el 30 de noviembre y 650 € el 30 de diciembre? ¿Os encaja?"),
        ("fr", "Serait-il possible de payer en deux fois ? Je pensais à :\n- 400 € le 15/12\n- 450 € le 15/01\nMerci."),
    ],
)
def test_what_a_plan_proposes_is_not_promised(hint: str, text: str) -> None:
    assert said(text, hint=hint) & {"plan_request", "promise"} == {"plan_request"}


def test_a_promise_beside_a_plan_stays_when_it_is_a_sentence_of_its_own() -> None:
    text = "Could we pay the rest in three instalments from January? We will pay 400.00 on Friday in any case."
    assert {"plan_request", "promise"} <= said(text)


def test_the_value_date_of_an_advice_is_not_promised() -> None:
    advice = "PAYMENT ADVICE\n\nPayee: Harbour Tools Ltd\nMethod: ACH\nTrace no.: 88213\nValue date: 20 November 2026\n"
    assert "promise" not in said(f"{advice}\nYour ref   Gross   Disc   Net\nINV-2041   303.00   0.00   303.00\n")


def test_a_promise_beside_an_advice_stays_when_it_is_a_sentence_of_its_own() -> None:
    text = "The remittance is attached for INV-2041. We will pay INV-2042 on Friday."
    assert {"remittance", "promise"} <= said(text)


@pytest.mark.parametrize(
    ("hint", "text", "reason"),
    [
        ("en", "You charged 12.50 a unit, our order says 11.00.", "price"),
        ("en", "The hours on the timesheet were never worked by your people.", "service"),
        ("de", "Diese Rechnung haben wir schon einmal bekommen und bezahlt, sie ist doppelt.", "duplicate"),
        ("fr", "La machine est tombée en panne après deux jours, la qualité n'est pas au rendez-vous.", "quality"),
        ("es", "El IVA está mal calculado en esta factura.", "tax"),
        ("nl", "Wij hebben dit nooit besteld.", "not_ordered"),
        ("it", "La merce è arrivata danneggiata.", "damaged"),
    ],
)
def test_why_a_mail_disputes(hint: str, text: str, reason: str) -> None:
    assert [one.reason for one in voted(text, hint=hint).findings if one.intent is Intent.DISPUTE] == [reason]
