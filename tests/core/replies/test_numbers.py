from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.message import Attachment
from mailer.replies.numbers import normalise_number, number_keys, own_number_keys
from mailer.replies.zones import zones
from tests.core.replies.mails import REMINDER, mail


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("INV-02041", "INV2041"),
        ("inv 2041", "INV2041"),
        ("Inv/2041", "INV2041"),
        ("INV_2041", "INV2041"),
        ("INV-2026-0412", "INV20260412"),
        ("INV20260412", "INV20260412"),
        ("2026 / 0412", "20260412"),
        ("000412", "412"),
        ("0000", "0"),
        ("RE–2041", "RE2041"),  # noqa: RUF001 - a dash as word processors make it
        ("\uff29\uff2e\uff36-1", "INV1"),
        ("", ""),
    ],
)
def test_one_number_has_one_form(written: str, normal: str) -> None:
    assert normalise_number(written) == normal


@given(st.from_regex(r"[A-Z]{0,4}[-/ ]?0{0,3}[1-9][0-9]{0,8}", fullmatch=True))
def test_normalising_twice_changes_nothing(written: str) -> None:
    assert normalise_number(normalise_number(written)) == normalise_number(written)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("We paid INV-2041 yesterday", "INV2041"),
        ("invoice no. inv 02041, thanks", "INV2041"),
        ("Rechnung RE-2026-0412 ist bezahlt", "RE20260412"),
        ("invoice 20412", "20412"),
        ("(INV-2041)", "INV2041"),
        ("INV-2041/INV-2042", "INV2042"),
        ("ref 2026-04123 please", "202604123"),
        ("INV-2041.", "INV2041"),
        ("INV 2026 0412 is fine", "INV20260412"),
        ("2026/0412        27.08.2026   6.167,00", "20260412"),
        ("Causale SALDO FT 2026/0412 (797,00)", "20260412"),
        ("0412/2026 is paid", "4122026"),
        ("0412/26 (32.887,65 EUR)", "41226"),
        ("FV/0412/2026", "FV4122026"),
        ("2041-BW is paid", "2041BW"),
        ("100412,100413", "100413"),
        ("invoices 100412-100415", "100415"),
        ("100412 100413 100414", "100414"),
        ("INV-2026-0412/0413", "INV20260413"),
        ("INV-412/413", "INV413"),
        ("INV - 2026 - 0412", "INV20260412"),
        ("INV-2026-\n0412", "INV20260412"),
        ("'100412'", "100412"),
        ("invoice 57 is paid", "57"),
        ("#57", "57"),
        ("invoice no. 57", "57"),
        ("n° 57", "57"),
        ("Document   Amount EUR\n100412   27.08.2026", "100412"),
        ("Beleg   Skonto\n100412      27.08.2026", "100412"),
    ],
)
def test_numbers_are_found_as_people_write_them(text: str, number: str) -> None:
    assert number in own_number_keys(mail(text), zones(text, None))


@pytest.mark.parametrize("text", ["lNV-2O26-O412", "INV-2O26-0412", "INV 2026 04l2", "1NV-2026-0412", "INV-2026-04I2"])
def test_what_a_machine_or_a_hurried_hand_mistakes_is_read_as_it_was_meant(text: str) -> None:
    assert "INV20260412" in own_number_keys(mail(text), zones(text, None))


def test_a_number_with_letters_among_its_digits_is_found_as_it_is_written() -> None:
    assert "INV20B8" in own_number_keys(mail("INV-20B8"), zones("INV-20B8", None))


@pytest.mark.parametrize(
    "text",
    [
        "we paid 1,250.00 yesterday",
        "EUR 1250 was sent",
        "1250 EUR was sent",
        "£1250",
        "on 12.11.2026",
        "on 2026-11-12",
        "in 2026",
        "call +44 20 7946 0102",
        "call 020 7946 0102 123",
        "Tel. 0711/5550214",
        "0711 / 5550 214",
        "PO 4500016858",
        "PO 4500-1042",
        "1'250.00 francs",
        "in 57 days",
        "no 12 months",
        "re 12 things",
        "our #1 supplier",
        "order no. 4500016858",
        "Konto-Nr. 12345678",
        "12 %",
        "seat 12",
        "0207946 0102123",
        "tom2041@alder.example",
    ],
)
def test_amounts_dates_phones_and_orders_are_no_invoice_numbers(text: str) -> None:
    bare = [key for key in own_number_keys(mail(text), zones(text, None)) if key.isdigit()]
    assert bare == []


def test_subject_quotes_and_attachments_are_searched_after_own_words() -> None:
    text = "paid INV-3\n\n> about INV-2041"
    pdf = Attachment(name="remittance_INV-77.pdf", media_type="application/pdf", content=b"")
    one = mail(text, subject="Re: INV-500", attachments=(pdf,))
    parts = zones(text, REMINDER)
    assert [key for key in number_keys(one, parts) if key.startswith("INV")] == ["INV3", "INV500", "INV2041", "INV77"]


def test_the_subject_is_the_senders_own_unless_it_answers_or_forwards() -> None:
    parts = zones("hello", None)
    assert "INV500" in own_number_keys(mail("hello", subject="About INV-500"), parts)
    for prefix in ("Re:", "AW:", "WG:", "Fwd:", "RE[2]:", "[EXTERNAL] Re:", "[#4711] AW:"):
        assert own_number_keys(mail("hello", subject=f"{prefix} INV-500"), parts) == ()


def test_a_mail_full_of_numbers_gives_a_bounded_list() -> None:
    text = "\n".join(f"INV-{n}" for n in range(100_000, 102_000))
    assert len(number_keys(mail(text), zones(text, None))) == 300


def test_tables_and_texts_that_are_attached_are_read_and_nothing_else() -> None:
    table = Attachment(name="advice.csv", media_type="text/csv", content=b"INV-2041;10,00\n\xff\0INV-2042")
    picture = Attachment(name="x.png", media_type="image/png", content=b"INV-2043")
    one = mail("see attached", attachments=(table, picture))
    found = number_keys(one, zones(one.text, None))
    assert {"INV2041", "INV2042"} <= set(found)
    assert "INV2043" not in found
