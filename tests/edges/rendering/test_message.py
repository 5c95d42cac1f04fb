"""The bytes of our mails, read back by Python's own parser, which shares no code with what wrote the headers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.rendering.headers import HeaderRefused
from mailer.rendering.message import MAX_REFERENCES, Mailbox, build_message, mark_as_copy
from mailer.rendering.renderer import RenderedMail
from tests.edges.rendering.letters import MAIL

NINE = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)


def build(mail: RenderedMail = MAIL, **changes: Any) -> bytes:
    plain: dict[str, Any] = {
        "sender": Mailbox(name="Acme Tools Ltd", address="accounts@acme.example"),
        "recipient": Mailbox(name="Maria Jones", address="maria@northwind.example"),
        "reply_to": "accounts+t0k3n@acme.example",
        "message_id": "out1.abc@acme.example",
        "sent_at": NINE,
    }
    return build_message(mail, **plain | changes)


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def raw_header(content: bytes, name: str) -> str:
    return str(make_header(decode_header(str(message_from_bytes(content)[name]))))


def test_the_headers_are_those_of_a_polite_automatic_mail() -> None:
    message = parsed(build())
    assert [(name, str(value)) for name, value in message.items() if name != "Content-Type"] == [
        ("MIME-Version", "1.0"),
        ("Date", "Tue, 03 Nov 2026 09:05:00 +0000"),
        ("From", "Acme Tools Ltd <accounts@acme.example>"),
        ("To", "Maria Jones <maria@northwind.example>"),
        ("Reply-To", "Acme Tools Ltd <accounts+t0k3n@acme.example>"),
        ("Subject", "A friendly reminder: invoice INV-1"),
        ("Message-ID", "<out1.abc@acme.example>"),
        ("References", "<out1.abc@acme.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]


def test_text_and_html_come_back_as_they_were_written() -> None:
    mail = replace(MAIL, text="Größe: 5 €\nFrom here\n.\n" + "x" * 3000 + "\n", html="<p>Ü" + "日" * 3000 + "</p>\n")
    message = parsed(build(mail))
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert message.get_content_type() == "multipart/alternative"
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content().replace("\r\n", "\n") == mail.html
    assert (text["Content-Transfer-Encoding"], html["Content-Transfer-Encoding"]) == ("quoted-printable", "base64")


def test_lines_end_with_crlf_are_short_and_ascii() -> None:
    mail = replace(MAIL, subject="ü" * 400, text="y" * 5000, html="日\n" * 500)
    content = build(mail, references=tuple(f"{'r' * 200}{n}@acme.example" for n in range(30)))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert content.isascii()


def test_the_same_input_gives_the_same_bytes() -> None:
    assert build() == build()
    assert build(message_id="other@acme.example") != build()


def test_the_own_id_leads_the_references_and_the_last_earlier_mail_is_answered() -> None:
    message = parsed(build(references=("first@acme.example", "<second@acme.example>")))
    assert message["References"].split() == [
        "<out1.abc@acme.example>",
        "<first@acme.example>",
        "<second@acme.example>",
    ]
    assert message["In-Reply-To"] == "<second@acme.example>"


def test_a_long_thread_keeps_its_latest_ids() -> None:
    ids = tuple(f"{number}@acme.example" for number in range(50))
    references = parsed(build(references=ids))["References"].split()
    assert references == ["<out1.abc@acme.example>", *(f"<{one}>" for one in ids[-(MAX_REFERENCES - 1) :])]


def test_a_long_id_stays_on_the_line_of_its_name() -> None:
    long_id = "i" * 230 + "@acme.example"
    content = build(message_id=long_id, references=(long_id,))
    assert f"Message-ID: <{long_id}>\r\nIn-Reply-To: <{long_id}>\r\n".encode() in content


def test_the_date_keeps_its_offset_and_must_have_one() -> None:
    local = NINE.astimezone(timezone(timedelta(hours=1)))
    assert parsed(build(sent_at=local))["Date"] == "Tue, 03 Nov 2026 10:05:00 +0100"
    with pytest.raises(ValueError, match="no time zone"):
        build(sent_at=NINE.replace(tzinfo=None))


CONTROLS = ["\n", "\r", "\r\n ", "\0", "\t", "\x1b", "\x7f", "\x85", "\x9f", "\u2028", "\u2029", "\ud800"]
ENCODED = [
    "=?UTF-8?Q?=0A?=",  # CVE-2024-6923: written out as a new header by Python's own folding
    "=?utf-8?b?DQo=?=",
    "=?utf-8?q?=E2=80=A8?=",
    "=?latin-1?q?=85?=",
    "=?utf-8?b?C?=",
    "=?nonsense?q?a?=",
    "=?utf-8*en?q?=0D=0A?=",
]


@pytest.mark.parametrize("evil", [*CONTROLS, *ENCODED])
@pytest.mark.parametrize("place", ["mail", "sender", "recipient", "headers"])
def test_nothing_that_could_start_another_header_passes(evil: str, place: str) -> None:
    text = f"A {evil}Bcc: victim@example.org"
    box = Mailbox(name=text, address="a@acme.example")
    values = {"mail": replace(MAIL, subject=text), "sender": box, "recipient": box, "headers": (("X-Duly", text),)}
    changes: dict[str, Any] = {place: values[place]}
    with pytest.raises(HeaderRefused) as caught:
        build(**changes)
    assert "victim" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "", "plain", "a@b@c", "a b@c.example", "a@c.example\r\nRCPT TO:<e@x.example>", '"b\\r\\n"@x.example',
        "<a@b.example>", "a@b.example, c@d.example", "ä@b.example", "a@bücher.example", "a.@b.example",
        ".a@b.example", "a@b.example ", "x" * 250 + "@b.example", "=?utf-8?q?=0A?=@b.example\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["sender", "recipient", "reply_to"])
def test_an_address_is_plain_or_refused(address: str, place: str) -> None:
    changes: dict[str, Any] = {place: address if place == "reply_to" else Mailbox(name="", address=address)}
    with pytest.raises(HeaderRefused, match="name@domain"):
        build(**changes)


@pytest.mark.parametrize("one", ["", "noat", "a b@c", "a@b>", "<a@b", "a@b\n", "ä@b", "i" * 260 + "@b", "a@b,c@d e"])
@pytest.mark.parametrize("place", ["message_id", "references"])
def test_an_id_is_plain_or_refused(one: str, place: str) -> None:
    changes: dict[str, Any] = {place: one if place == "message_id" else (one,)}
    with pytest.raises(HeaderRefused, match="left@right"):
        build(**changes)


@pytest.mark.parametrize("name", ["Bcc", "Sender", "Content-Type", "X-", "X-a:b", "X-a b", "X-a\nBcc", "", "x-duly"])
def test_only_headers_of_our_own_can_be_added(name: str) -> None:
    with pytest.raises(HeaderRefused):
        build(headers=((name, "1"),))


def test_a_header_is_set_once() -> None:
    assert parsed(build(headers=(("X-Duly-Attempt", "1"),)))["X-Duly-Attempt"] == "1"
    for again in ("X-Auto-Response-Suppress", "X-Duly-attempt"):
        with pytest.raises(HeaderRefused, match="already set"):
            build(headers=(("X-Duly-Attempt", "1"), (again, "2")))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Jane",
        "O'Neil & Söhne",
        'Q"uote\\d',
        "Jones, M. (Ltd); <x@y>",
        "日本商事",
        "fake =?utf-8?q?boss?= name",
        "a" * 90,
    ],
)
def test_a_display_name_comes_back_and_the_address_with_it(name: str) -> None:
    content = build(sender=Mailbox(name=name, address="a@acme.example"))
    (found,) = parsed(content)["From"].addresses
    assert (found.display_name, found.addr_spec) == (name, "a@acme.example")


@settings(max_examples=300, deadline=None)
@given(subject=st.text(min_size=1, max_size=150), name=st.text(max_size=60))
@example(subject=" ", name="")
@example(subject="a ", name="")
def test_any_text_is_either_refused_or_comes_back_as_it_was(subject: str, name: str) -> None:
    try:
        content = build(replace(MAIL, subject=subject), recipient=Mailbox(name=name, address="m@n.example"))
    except HeaderRefused:
        return
    assert " ".join(str(parsed(content)["Subject"]).split(" ")) == " ".join(subject.split(" "))
    assert message_from_bytes(content).keys() == message_from_bytes(build()).keys()
    assert raw_header(content, "To").endswith("<m@n.example>" if name else "m@n.example")


@settings(max_examples=300, deadline=None)
@given(text=st.text(), html=st.text(alphabet="a =\r\n\t.\u00e4\u2028-"))
def test_the_bytes_are_those_that_the_standard_library_would_write(text: str, html: str) -> None:
    content = build(replace(MAIL, text=text, html=html))
    wire = policy.compat32.clone(linesep="\r\n", max_line_length=None)
    assert message_from_bytes(content, policy=wire).as_bytes() == content


def test_a_copy_for_ourselves_cannot_be_taken_for_the_mail() -> None:
    copy = mark_as_copy(MAIL, "North\nwind <Ltd>")
    assert copy.subject == "[COPY for North wind <Ltd> \N{EN DASH} not sent] A friendly reminder: invoice INV-1"
    first = "This is a copy for you of what North wind <Ltd> would receive. It was not sent to them."
    assert copy.text.splitlines()[0] == first
    assert MAIL.text in copy.text
    before, after = copy.html.split("North wind &lt;Ltd&gt;")
    assert before.startswith("<!doctype html>\n<html><body style='margin:0'>")
    assert after.endswith("<p>Dear Maria Jones</p></body></html>\n")
    assert mark_as_copy(replace(MAIL, html="<p>no body</p>"), "N").html.lstrip().startswith("<p style=")
    assert parsed(build(copy))["Subject"] == copy.subject
