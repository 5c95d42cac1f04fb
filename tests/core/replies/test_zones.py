from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.replies.zones import words_of, zones
from tests.core.replies.mails import REMINDER

QUOTED = "\n".join(f"> {line}" for line in REMINDER.splitlines())
OWN = "Hi Ellen,\n\nWe will pay on Friday.\n\nBest\nTom"


def own(text: str, sent: str | None = REMINDER) -> str:
    return words_of(text, zones(text, sent).own)


@pytest.mark.parametrize(
    "line",
    [
        "On Tue, 3 Nov 2026 at 10:04, Ellen Marsh <accounts@seller.example> wrote:",
        "On Nov 3, 2026, at 10:04, Ellen Marsh\n<accounts@seller.example> wrote:",
        "Am 03.11.2026 um 10:04 schrieb Ellen Marsh <accounts@seller.example>:",
        "Am Di., 3. Nov. 2026 um 10:04 Uhr schrieb Ellen Marsh <accounts@seller.example>:",
        "Le 03/11/2026 à 10:04, Ellen Marsh a écrit :",
        "El mar, 3 nov 2026 a las 10:04, Ellen Marsh (<accounts@seller.example>) escribió:",
        "Op di 3 nov 2026 om 10:04 schreef Ellen Marsh <accounts@seller.example>:",
        "Op 3 nov 2026, om 10:04 heeft Ellen Marsh <accounts@seller.example> het volgende geschreven:",
        "Il giorno mar 3 nov 2026 alle ore 10:04 Ellen Marsh <accounts@seller.example> ha scritto:",
        "Ellen Marsh schrieb am 03.11.2026 um 10:04:",
        "2026-11-03 10:04 GMT+01:00 Ellen Marsh <accounts@seller.example>:",
        "---- On Tue, 3 Nov 2026 10:04:00 +0100 Ellen Marsh <accounts@seller.example> wrote ----",
        "---- Op di, 3 nov 2026 10:04:00 +0100 Ellen Marsh <accounts@seller.example> schreef ----",
    ],
)
@pytest.mark.parametrize("sent", [REMINDER, None])
def test_attribution_lines_are_nobodys_words(line: str, sent: str | None) -> None:
    assert own(f"{OWN}\n\n{line}\n{QUOTED}", sent) == OWN
    assert own(f"{OWN}\n\n{line}\n\n{REMINDER}", sent) == OWN  # no marks at all


@pytest.mark.parametrize(
    "header",
    [
        "From: Ellen Marsh <accounts@seller.example>\nSent: Tuesday, 3 November 2026 10:04\nTo: Tom\nSubject: Invoice",
        "-----Ursprüngliche Nachricht-----\nVon: Ellen Marsh\nGesendet: Dienstag, 3.11.2026\nAn: Tom\nBetreff: X",
        "________________________________\nDe : Ellen Marsh\nEnvoyé : mardi\nÀ : Tom\nObjet : Facture",
        "De: Ellen Marsh\nEnviado: martes\nPara: Tom\nAsunto: Factura",
        "Van: Ellen Marsh\nVerzonden: dinsdag\nAan: Tom\nOnderwerp: Factuur",
        "Da: Ellen Marsh\nInviato: martedì\nA: Tom\nOggetto: Fattura",
        "---------- Forwarded message ---------\nFrom: Ellen Marsh\nDate: Tue, Nov 3\nSubject: Invoice\nTo: Tom",
        "*From:* Ellen Marsh\n*Sent:* Tuesday\n*To:* Tom\n*Subject:* Invoice",
        "Begin forwarded message:\n\nFrom: Ellen Marsh\nSubject: Invoice\nDate: 3 November",
    ],
)
@pytest.mark.parametrize("sent", [REMINDER, None])
def test_everything_under_a_header_block_is_history(header: str, sent: str | None) -> None:
    assert own(f"{OWN}\n\n{header}\n\n{REMINDER}\n\nand an older mail", None) == OWN
    assert own(f"{OWN}\n\n{header}\n\n{REMINDER}", sent) == OWN


def test_an_attribution_without_a_date_counts_above_marked_lines_only() -> None:
    assert own(f"{OWN}\n\nOn Monday Ellen Marsh wrote:\n{QUOTED}") == OWN
    assert own("On Monday Ellen wrote:\n\nnothing at all").endswith("nothing at all")


def test_a_reminder_pasted_back_without_any_mark_is_seen() -> None:
    assert own(f"{OWN}\n\n{REMINDER}") == OWN
    assert own(f"{REMINDER}\n\n{OWN}") == OWN


def test_a_rewrapped_reminder_is_still_ours() -> None:
    wrapped = REMINDER.replace("please ignore this message.", "please\nignore this message.")
    assert own(f"{OWN}\n\n{wrapped}") == OWN


def test_a_nearly_equal_line_is_still_ours() -> None:
    assert own(f"{OWN}\n\nthe following invoice is still open on our sid", REMINDER) == OWN


def test_answers_between_quoted_lines_are_kept() -> None:
    text = QUOTED.replace("> If the payment", "\npaid on Friday\n\n> If the payment") + "\n\nRegards, Tom"
    assert own(text) == "paid on Friday\n\nRegards, Tom"


def test_answers_between_unmarked_lines_under_a_header_are_kept() -> None:
    body = REMINDER.replace("If the payment", "we paid that on Friday\n\nIf the payment")
    text = f"From: Ellen\nSent: today\nTo: Tom\nSubject: x\n\nEXTERNAL MAIL, BE CAREFUL\n{body}"
    assert own(text) == "we paid that on Friday"


def test_own_words_below_the_quote_are_kept() -> None:
    assert own(f"On 3 Nov 2026, Ellen wrote:\n{QUOTED}\n\n{OWN}") == OWN


@pytest.mark.parametrize(
    "text",
    [
        "-> paid on Friday",
        "Kind regards,\nTom",  # a closing that we use too
        "From: now on please write to ap@alder.example",
        "On Friday I wrote: we pay.",
        "Data: none so far",
        "INV-2041: paid on Friday",
        "To: whom it may concern, we paid.",
    ],
)
def test_the_senders_words_are_not_taken_for_quotes(text: str) -> None:
    assert own(text) == text


@pytest.mark.parametrize(
    ("above", "signature"),
    [
        ("We paid.", "-- \nTom Ash\nAP"),
        ("We paid.", "Sent from my iPhone"),
        ("Wir haben bezahlt.", "Von meinem iPhone gesendet"),
        ("We paid.", "Get Outlook for iOS"),
        ("We paid.\n\nKind regards\nTom Ash", "Tom Ash | AP Manager | Alder Ltd"),
        ("We paid.\n\nBest,\nTom", "AP Manager\nAlder Ltd\nTel. +44 20 7946 0102"),
        ("Bezahlt.\n\nMit freundlichen Grüßen\nT. Esche", "Buchhaltung\nErle GmbH\nTel. 0711 555 01"),
        ("We paid.\n\nTom", "Tom Ash\nAlder Ltd"),
        ("We paid.", "This e-mail is confidential and intended only for the addressee."),
        ("We paid.\n\nTom", "Alder Ltd\nwww.alder.example\n+44 20 7946 0102"),
    ],
)
def test_signatures_are_cut_and_the_name_stays(above: str, signature: str) -> None:
    text = f"{above}\n\n{signature}" if not above.endswith("Tom\n") else above
    parts = zones(text, None)
    assert words_of(text, parts.own) == above
    assert words_of(text, parts.signature) == signature


def test_title_and_number_right_under_the_name_are_cut() -> None:
    text = "We paid.\n\nBest,\nDana Smith\nAP Manager\n+44 20 7946 0102"
    assert own(text) == "We paid.\n\nBest,\nDana Smith"


@pytest.mark.parametrize(
    "last",
    [
        "PS: INV-2041 was paid on 3 November, call +44 20 7946 0102",
        "Can you call me on +44 20 7946 0102?",
        "Please write to ap@alder.example from now on, thanks.",
        "£1,250.00 to follow, Alder Ltd",
    ],
)
def test_words_that_matter_are_no_signature(last: str) -> None:
    assert own(f"We paid.\n\nRegards\nTom\n\n{last}").endswith(last)


@pytest.mark.parametrize(
    "text",
    [
        # Signed in two languages, or with a wish: the sign-off itself, not a card below it.
        "We pay on Friday.\n\nBest regards / Pozdrawiam\nAgnieszka",
        "Betaald.\n\nVriendelijke groeten,\nBouwwerken Maes bv",
        "Sale el viernes.\n\nFeliz día,\nLuz Dary",
        "Am 26. ist das Geld da.\n\nGruß Jupp\nKG Rot-Weiß",
        # A greeting that can be a sign-off as well.
        "Cordial saludo.\n\nMañana pagamos.\n\nAtentamente,\nYamile",
        "Grüß Gott,\n\nes fehlt das Aufmaß.\n\nMit freundlichen Grüßen\nHedwig Krautgartner",
        # Who signs, and for whom.
        "Bezahlt wird nicht.\n\nfür die Kranz Landmaschinen GmbH\nSimone Kranz",
        "It was never ours.\n\nFor Meridian Haulage Ltd\nTunde",
        "Contestons.\n\nVeuillez agréer nos salutations distinguées.\n\nMe Olivier Chappuis, avocat",
        "Läuft mit.\n\nGrüße\nAnke Sievers\nKreditorenbuchhaltung Autohaus Förster",
        # Numbers and codes that look like post codes.
        "Bonjour,\n\nVirement de ce jour :\nF-3091 ....... 455,00\nF-3102 ....... 128,50\n\nCrémerie Bertin",
        "Payment declined\n\nYour payment request PR-20917 was declined.\nContact your requester.",
    ],
)
def test_sign_offs_and_figures_are_the_senders_words(text: str) -> None:
    assert own(text) == text


def test_a_mail_that_is_all_signature_is_somebodys_words() -> None:
    assert own("Alder Ltd\n+44 20 7946 0102") == "Alder Ltd\n+44 20 7946 0102"


def test_an_empty_mail_has_no_zones() -> None:
    assert zones("", REMINDER) == zones("\n \n", None)


def test_what_lies_beyond_all_reading_is_history() -> None:
    text = "We paid.\n" + "x\n" * 6_000
    parts = zones(text, None)
    assert words_of(text, parts.own).startswith("We paid.")
    assert parts.quoted[-1].end <= len(text)


@given(
    st.lists(
        st.sampled_from([*REMINDER.splitlines(), "> quoted", "my words", "", "Regards", "From: x", "-- "]), max_size=25
    )
)
def test_the_zones_cover_every_word_once(lines: list[str]) -> None:
    text = "\n".join(lines)
    parts = zones(text, REMINDER)
    spans = sorted((*parts.own, *parts.quoted, *parts.signature), key=lambda span: span.start)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    covered = "\n".join(text[span.start : span.end] for span in spans)
    # The mark before an answer inside a quotation is no word of anybody.
    assert covered.replace(">", " ").split() == text.replace(">", " ").split()


@given(st.text(alphabet="ab \n>:-@1.", max_size=300), st.text(alphabet="ab \n", max_size=60))
def test_no_text_raises(text: str, sent: str) -> None:
    zones(text, sent)
