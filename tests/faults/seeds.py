"""Honest mails of many shapes, to be damaged: those of the corpus, and one for each way a mail can be built."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

EMAILS = Path(__file__).resolve().parents[1] / "emails"
_WORDS = {
    "iso-8859-1": "Wir zahlen die Rechnung INV-2041 über 1.250,00 am Freitag. Schöne Grüße",
    "windows-1252": "We\u2019ll pay \u201cINV-2041\u201d \u2013 €1,250.00 \u2013 by 27 November 2026.",
    "utf-8": "Überwiesen haben wir 1.250,00 € am 20.11.2026 ✓",
    "utf-16": "We dispute INV-2041: the goods were damaged.",
    "iso-2022-jp": "来週の金曜日に支払います。",
    "shift_jis": "請求書 2041 は支払済みです。",
    "gb2312": "我们已付款",
    "koi8-r": "Мы оплатим счёт 2041 в пятницу",
    "utf-7": "Please call me about INV-2041.",
}
_DSN = b"""From: MAILER-DAEMON@mx.alder.example\r
To: accounts@brightwater.example\r
Subject: Undelivered Mail Returned to Sender\r
Return-Path: <>\r
Content-Type: multipart/report; report-type=delivery-status; boundary="=_r"\r
MIME-Version: 1.0\r
\r
--=_r\r
Content-Type: text/plain\r
\r
<ap@alder.example>: 550 5.1.1 User unknown\r
--=_r\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.alder.example\r
\r
Final-Recipient: rfc822; ap@alder.example\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 User unknown\r
--=_r\r
Content-Type: message/rfc822\r
\r
Message-ID: <duly.0f3k9c7r5t1v8w2x.0f3k9c7r5t1v8w2x@brightwater.example>\r
Subject: Invoice INV-2041\r
\r
Dear Tom\r
--=_r--\r
"""


def seeds() -> list[bytes]:
    """All of them, always in the same order."""
    corpus = [path.read_bytes() for path in sorted(EMAILS.glob("*.eml"))]
    return [*corpus, _DSN, *(mail.as_bytes(policy=SMTP) for mail in _built())]


def _built() -> Iterator[EmailMessage]:
    for charset, words in _WORDS.items():
        for encoding in ("base64", "quoted-printable"):
            mail = _mail(f"Re: Invoice INV-2041 {words[:20]}")
            mail.set_content(words, charset=charset, cte=encoding)
            yield mail
    rich = _mail("Re: Rechnung 2041")
    rich.set_content("We have paid.\n\n> Dear Tom,\n> the following invoice is still open\n")
    rich.add_alternative(
        '<div>We have <b>paid</b>.</div><blockquote class="gmail_quote">Dear Tom,<br>INV-2041</blockquote>'
        "<table><tr><td>INV-2041<td>1,250.00</table><!-- x --><style>p{}</style><p>&euro; &#8364;&nbsp;",
        subtype="html",
    )
    rich.add_attachment(b"%PDF-1.4 remittance", maintype="application", subtype="pdf", filename="Überweisung 2041.pdf")
    rich.add_attachment(_inner(), filename="Fwd: INV-2041.eml")
    yield rich
    away = _mail("Automatic reply: Out of office until 30 November 2026")
    away["Auto-Submitted"] = "auto-replied"
    away.set_content("I am out of the office until 30.11.2026. Regards\n-- \nTom Alder\nAlder Ltd\n+44 20 7946 0102")
    yield away


def _mail(subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = '"Alder, Tom (AP) ü" <tom@alder.example>'
    mail["To"] = "Accounts <accounts+d0123456789abcdefghjkmnpqrstvwxyz@brightwater.example>, b@c.example"
    mail["Subject"] = subject
    mail["Date"] = "Wed, 18 Nov 2026 10:00:00 +0100"
    mail["Message-ID"] = "<x.1@alder.example>"
    mail["In-Reply-To"] = "<duly.0f3k9c7r5t1v8w2x.0f3k9c7r5t1v8w2x@brightwater.example>"
    mail["References"] = "<a@b.example> <duly.0f3k9c7r5t1v8w2x.0f3k9c7r5t1v8w2x@brightwater.example>"
    return mail


def _inner() -> EmailMessage:
    mail = _mail("Invoice INV-2041")
    mail.set_content("Dear Tom, please pay.")
    return mail
