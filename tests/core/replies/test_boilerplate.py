"""What stands above and below somebody's words and is nobody's: banners, footers, cards; and heads of quotations."""

from __future__ import annotations

import pytest

from mailer.replies.zones import words_of, zones
from tests.core.replies.mails import REMINDER

QUOTED = "\n".join(f"> {line}" for line in REMINDER.splitlines())
OWN = "Hi Ellen,\n\nWe will pay on Friday.\n\nBest\nTom"


def own(text: str, sent: str | None = REMINDER) -> str:
    return words_of(text, zones(text, sent).own)


BANNERS = [
    """CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless
you recognize the sender and know the content is safe.""",
    "[EXTERNAL EMAIL] DO NOT CLICK links or attachments unless you recognize the sender.",
    "[EXTERNAL]",
    """*** EXTERNAL SENDER ***
Please be careful with links and attachments.""",
    """EXTERNAL SENDER - be careful with links and attachments
________________________________""",
    "You don't often get email from t@alder.example. Learn why this is important<https://aka.ms/LearnAboutSender>",
    """[Some people who received this message don't often get email from t@alder.example. Learn why this is important at
https://aka.ms/LearnAboutSenderIdentification ]""",
    """ZjQcmQRYFpfptBannerStart
This Message Is From an External Sender
It came from outside your organization, report suspicious links.
ZjQcmQRYFpfptBannerEnd""",
    """ACHTUNG: Diese E-Mail stammt von einem externen Absender. Bitte öffnen Sie keine Anhänge und klicken Sie auf
keine Links, wenn Sie den Absender nicht kennen.""",
    "Sie erhalten nicht häufig E-Mails von t@alder.example. Erfahren Sie, warum dies wichtig ist",
    "ATTENTION : ce message provient de l'extérieur de l'organisation. N'ouvrez pas les pièces jointes.",
    "Vous ne recevez pas souvent de courriers de la part de t@alder.example. Découvrez pourquoi cela est important",
    "PRECAUCIÓN: Este correo electrónico se originó fuera de la organización. No abra adjuntos ni enlaces.",
    "CORREO EXTERNO",
    """[EXTERN] ACHTUNG: Diese E-Mail kommt von außerhalb der Organisation. Klicken Sie nicht auf Links und öffnen Sie
keine Anhänge, wenn Sie den Absender nicht kennen.""",
    "ATTENZIONE: mittente esterno all'organizzazione. Verificare l'indirizzo prima di aprire link o allegati.",
    "ATTENZIONE: questa e-mail proviene dall'esterno. Non aprire allegati se non si conosce il mittente.",
    "LET OP: Deze e-mail is afkomstig van buiten de organisatie. Klik niet op koppelingen of bijlagen.",
]


@pytest.mark.parametrize("banner", BANNERS)
@pytest.mark.parametrize("gap", ["\n\n", "\n"])
def test_what_a_mail_system_puts_above_a_mail_is_nobodys_words(banner: str, gap: str) -> None:
    assert own(banner + gap + OWN) == OWN


def test_the_first_words_right_below_a_banner_are_kept() -> None:
    said = "Please see the attachment, we pay on Friday.\n\nTom"
    assert own(f"CAUTION: This email originated outside the company.\n{said}") == said


@pytest.mark.parametrize(
    "text",
    [
        "External auditors are here until Friday, then we pay.",
        "Attention: the invoice is wrong.",
        "Caution, the delivery was outside the agreed hours.",
        "This message is for Ellen: we pay on Friday.",
        "The mail with your links came late, sorry.",
        "Achtung: Rechnung 2041 ist falsch.",
        "Externe Prüfer sind im Haus, wir zahlen am Freitag.",
        "Extern",
        "Message received, but paying outside office hours is not possible.",
        "This email was sent to our external auditors, they will confirm.",
        "Mail kam an, der Betrag liegt außerhalb des Rahmens.",
    ],
)
def test_words_that_sound_like_a_banner_are_the_senders(text: str) -> None:
    assert text in own(f"{text}\n\nBest\nTom")


def test_a_quotation_by_name_alone_counts_above_marked_lines() -> None:
    assert own(f"{OWN}\n\nZitat von Ellen Marsh <accounts@seller.example>:\n\n{QUOTED}") == OWN


@pytest.mark.parametrize(
    "header",
    [
        """------ Original Message ------
From "Ellen Marsh" <accounts@seller.example>
To Tom <tom@alder.example>
Date 03/11/2026 10:04:00
Subject Reminder""",
        "-----Original-Nachricht-----\nBetreff: Mahnung\nDatum: 2026-11-03\nVon: Ellen <e@seller.example>",
    ],
)
def test_heads_without_colons_and_of_help_desks_begin_history(header: str) -> None:
    assert own(f"{OWN}\n\n{header}\n\nHello,\n\nyou owe us money.\n", None) == OWN


def test_below_a_help_desks_letter_its_history_begins_with_who_wrote_when() -> None:
    mark, rule = "##- Please type your reply above this line -##", "-" * 40
    below = f"{rule}\n\nEllen Marsh, Nov 3, 2026, 10:04 MDT\n\nPay."
    assert own(f"{mark}\n\nTom (Alder)\n20 Nov 2026, 09:00 GMT\n\n{OWN}\n\n{below}", None) == OWN


@pytest.mark.parametrize(
    "text",
    [
        "REMITTANCE ADVICE\n\n--------------------\nPayment run 16.11.2026 08:15\nINV 4711   500.00",
        "Hello\n\n--------------------\nTo pay we need a PO.\nA copy is missing.\nDo send it.",
    ],
)
def test_a_rule_in_somebodys_words_begins_no_history(text: str) -> None:
    assert own(text, None) == text


def test_another_message_of_the_thread_is_no_answer_between_ours() -> None:
    greeting = REMINDER.splitlines()[0]
    head = "From: Ellen <e@seller.example>\nSent: Monday\nTo: Tom <tom@alder.example>\nSubject: Re: reminder"
    thread = f"{head}\n\n{greeting}\n\nThe credit note goes out today.\n\n{head}\n\n{REMINDER}"
    assert own(f"{OWN}\n\n{thread}") == OWN


FOOTERS = [
    "Virus-free. www.avast.com",
    "---\nDiese E-Mail wurde von Avast Antivirus-Software auf Viren geprüft.\nhttps://www.avast.com/antivirus",
    "__________ Información de ESET NOD32 Antivirus, base de firmas de virus 30218 __________\n\nhttp://www.eset.example",
    "Sent with Spark",
    "Sent via Superhuman",
    "Von meinem/meiner Galaxy gesendet",
    "Envoyé avec la messagerie sécurisée Proton Mail.",
    "Outlook für Android<https://aka.ms/AAb9ysg> herunterladen",
    "This email has been scanned by Mimecast. For more information please visit http://www.mimecast.com",
    "[cid:image001.png@01DB2A3C.5D6E7F80]",
    "Pensez à l'environnement avant d'imprimer ce message.",
    """Dit bericht kan informatie bevatten die niet voor u is bestemd. Indien u niet de geadresseerde bent,
wordt u verzocht dat aan de afzender te melden en het bericht te verwijderen.""",
    "De acuerdo con el RGPD le informamos que sus datos son tratados para mantener la relación comercial.",
    "How did we do? Rate this reply: https://desk.alder.example/rate/88213",
    "{#HS:2714418-9921#}",
]
CARDS = [
    "",
    "Tom Alder\nPartner\nAlder & Rowe LLP\n0491 570 156",
    """Alder GmbH & Co. KG
Am Sudhaus 3 | 99998 Hohenfels

Persönlich haftende Gesellschafterin: Alder Verwaltungs-GmbH, Amtsgericht Jena, HRB 999018""",
    """Tom Alder

Responsable administratif

Alder SARL au capital de 30 000 €

SIRET 812 440 973 00021 - RCS Quimper""",
    """Tom Alder | Alder & Rowe LLP | +44 20 7946 0102

Office hours: Mon-Thu 8.00-16.30

See us at Timber Expo, stand D14!""",
]


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("footer", FOOTERS)
def test_footers_and_the_cards_above_them_are_nobodys_words(card: str, footer: str) -> None:
    below = f"{card}\n\n{footer}" if card else footer
    assert own(f"{OWN}\n\n{below}\n\nOn Tue, 3 Nov 2026 at 10:04, Ellen <e@seller.example> wrote:\n{QUOTED}") == OWN


@pytest.mark.parametrize(
    "said",
    [
        "Delete my data and do not write to me again, this message came to me in error.",
        "We received your invoice by error, please delete it.",
        "Sent from the app last night.",
        "Btw she pays on the first Monday.",
        "Our VAT number has changed, please correct it.",
        "PO Box 12, Telford",
        "Merry Christmas and a happy New Year\nTom",
        "Joyeuses fêtes\nSandrine",
        "You changed the colours before printing, so the whole run is useless.",
        "La inspección de medio ambiente cerró la planta, no pagamos nada.",
        "We checked with Sophos and the licence was never activated.",
        "Get your Samsung tablets out of here.",
        "Sent with Orange Money on 3 November, 450 euros.",
        "Your demand violates our privacy policy, stop contacting us.",
        "Los datos personales han sido tratados sin permiso, eliminen todo.",
        "Vi diffidiamo ai sensi del Regolamento UE 2016/679 dal contattarci ancora.",
        "This email was sent to us in error. We have never been a customer. Please delete our details everywhere.",
        "Ce message nous a été adressé par erreur, nous ne sommes pas vos clients, merci de supprimer notre adresse.",
        "La société au capital de 30 000 € est en liquidation judiciaire.",
        "Das Amtsgericht Jena hat das Insolvenzverfahren eröffnet.",
        "The company registered in England went into administration last week.",
        "Merci de déposer vos factures sur https://portail.orange.fr/fournisseurs",
    ],
)
def test_last_words_that_sound_like_a_footer_are_the_senders(said: str) -> None:
    above = f"Hi Ellen,\n\nsee below.\n\n{said}"
    assert own(f"{above}\n\nOn Tue, 3 Nov 2026 at 10:04, E <e@s.example> wrote:\n{QUOTED}") == above


def test_a_postscript_below_the_signature_is_the_senders() -> None:
    card = "Tom Alder\nAlder & Rowe LLP\n+44 20 7946 0102"
    assert (
        own(f"{OWN}\n\n{card}\n\nP.S. My new number is above.\n\n{QUOTED}") == f"{OWN}\n\nP.S. My new number is above."
    )


def test_our_firms_name_alone_in_somebodys_words_stays_his() -> None:
    sent = f"{REMINDER}\nSteadybrook Equipment Rental\n"
    text = "The check was mailed to:\n\nSteadybrook Equipment Rental\nP.O. Box 511"
    assert own(text, sent) == text
