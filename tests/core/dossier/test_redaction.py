"""A redacted case: no text of a stranger stays in any file, and what is left out is said."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from mailer.dossier.bag import bag_info
from mailer.dossier.copies import copy_path
from mailer.dossier.entry import Entry, FileEntry
from mailer.dossier.formats import case_entries, message_entries
from mailer.dossier.model import CaseFile, CaseMessage, CaseReport, Direction, MailFacts
from mailer.dossier.profiles import Purpose, RedactionProfile
from mailer.dossier.redaction import LEFT_OUT, Redaction, gone_message, redacted_case, redacted_message
from mailer.dossier.report_volumes import volumes
from mailer.replies.redaction import redacted
from mailer.resources import templates_dir
from tests.core.dossier.made import attachment, case, content, full_case, message

CONTACTS = RedactionProfile(name="contacts", about="addresses", blacked_out=frozenset({"EMAIL", "PHONE", "IBAN"}))
TEXT = replace(CONTACTS, name="text", about="all texts", fields=frozenset({"uid", "sha256", "steps", "invoice"}))
SECRETS = ("anna@home.example", "+44 20 7946 0102", "DE89 3704 0044 0532 0130 00")
#: What is the program's own, or a number that stays whatever is redacted.
PLAIN = frozenset(
    "number invoice_number invoice_numbers message_number log_index sha256 leaf_sha256 md5 date status closing "
    "direction at type currency state kind reason actor country time_zone case_id tool seller_name scope language "
    "source".split()
)
WORDS = tomllib.loads((templates_dir() / "report/words.en.toml").read_text(encoding="utf-8"))


def redaction(profile: RedactionProfile) -> Redaction:
    return Redaction(profile=profile, black=lambda text: redacted(text, labels=profile.blacked_out).text)


def spoiled(value: Any, name: str = "") -> Any:
    """The same with secrets in every text that somebody else may have written."""
    if name in PLAIN and not (name == "reason" and value == "asked"):
        return value
    match value:
        case str():
            return f"words {value} {' '.join(SECRETS)}"
        case tuple():
            return tuple(spoiled(one, name) for one in value)
        case _ if is_dataclass(value) and type(value).__module__.endswith("dossier.model"):
            return replace(
                value,  # type: ignore[type-var]
                **{one.name: spoiled(getattr(value, one.name), one.name) for one in fields(value)},
            )
        case _:
            return value


def clean(profile: RedactionProfile, made: CaseFile) -> CaseFile:
    """Redact as the export does; its events are told from clean values already."""
    how = redaction(profile)
    mails = tuple(redacted_message(one, how) for one in made.messages)
    gone = tuple(gone_message(one, how) for one in made.messages)
    events, withheld = full_case().events, full_case().withheld
    made = replace(made, messages=mails, events=events, withheld=withheld, report=CaseReport())
    made = replace(made, log=full_case().log, not_retained=(*made.not_retained, *gone))
    return redacted_case(made, how)


def texts(entries: list[Entry]) -> dict[str, str]:
    return {one.path: one.content.decode() if isinstance(one, FileEntry) else repr(one.values) for one in entries}


def everything(made: CaseFile) -> dict[str, str]:
    files = texts(list(case_entries(made)))
    for number, one in enumerate(made.messages, start=1):
        files |= texts(list(message_entries(one, content(number))))
    files["bag-info.txt"] = bag_info(made, name="CASE", octets=1, files=1).content.decode()
    files["report"] = json.dumps([one.values for one in volumes(made, WORDS, language="en")])
    return files


@pytest.mark.parametrize("profile", [CONTACTS, TEXT], ids=lambda one: one.name)
@pytest.mark.parametrize("purpose", [Purpose.AGENCY, Purpose.LAWYER])
def test_no_file_has_what_was_redacted_whichever_text_it_stood_in(profile: RedactionProfile, purpose: Purpose) -> None:
    mail = message(1, attachments=(attachment("x"),), text="t", mail=MailFacts(cc="c", bcc="b", defects=("d",)))
    made = replace(spoiled(replace(full_case(), messages=(mail, message(2, direction=Direction.IN)))), purpose=purpose)
    assert all(one in repr(made) for one in SECRETS)
    files = everything(clean(profile, made))
    for path, said in files.items():
        assert not [one for one in SECRETS if one in said or one.replace(" ", "") in said], path
        assert "home.example" not in said, path
    assert "data/eml/DULY000001.eml" not in files
    assert "mailbag.csv" not in files
    assert "data/report/CERTIFICATE-902-DRAFT.txt" not in files


def rows(said: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(said, newline="")))


def test_contacts_are_blacked_out_and_words_stay() -> None:
    text = "Tom pays. Write to anna@home.example"
    mail = message(1, direction=Direction.IN, sender="Anna <anna@home.example>", text=text, subject="Re: INV-1",
                   attachments=(attachment("anna@home.example.pdf"),))  # fmt: skip
    files = everything(clean(CONTACTS, case(messages=(mail,))))
    copy = files["data/redacted/DULY000001.txt"]
    assert copy.startswith("REDACTED COPY FOR READING. This is not the mail, and the log does not bind it.\n")
    assert "From: Anna <[EMAIL]>\n" in copy
    assert "Tom pays. Write to [EMAIL]\n[attachment left out: [EMAIL], text/plain, 1 bytes]\n" in copy
    assert f"SHA-256 of the mail: {mail.sha256}\n" in copy
    (row,) = rows(files["data/loadfile/DULY001.csv"])
    assert (row["REDACTED"], row["NATIVEPATH"], row["TEXTPATH"]) == ("yes", "", r"data\redacted\DULY000001.txt")
    assert (row["SUBJECT"], row["SHA256HASH"], row["FILENAME"]) == ("Re: INV-1", mail.sha256, "DULY000001.txt")
    assert files["data/loadfile/DULY001.opt"] == "DULY000001,DULY001,data\\redacted\\DULY000001.txt,Y,,,\r\n"
    assert files["messages_not_retained.txt"].endswith(
        "DULY000001\tredacted (contacts): a copy for reading is in data/redacted\n"
    )
    assert "\nRedaction: yes\nRedaction-Profile: contacts\n" in files["bag-info.txt"]
    assert "Bag-Type" not in files["bag-info.txt"]
    assert "THIS FILE IS REDACTED (contacts)\n\nLeft out: addresses.\n" in files["README.txt"]
    assert "data/redacted/DULY000001.txt" in files["data/report/chronology.csv"]
    assert "left out of this redacted case file" in files["report"]
    assert '"embedded": false' in files["report"]


def test_of_texts_only_days_ways_numbers_and_sums_stay() -> None:
    mail = message(1, text="We pay", attachments=(attachment("slip.pdf"),), mail=MailFacts(date="2026-11-03T12:00:00Z"))
    files = everything(clean(TEXT, replace(full_case(), messages=(mail,))))
    copy = files["data/redacted/DULY000001.txt"]
    assert f"From: {LEFT_OUT}\n" in copy
    assert "Cc:" not in copy
    assert "Date: 2026-11-03T12:00:00Z\n" in copy
    assert f"{LEFT_OUT}\n[attachment left out: 1 bytes]\n" in copy
    assert "60,00 EUR" not in "".join(files.values())


def test_an_event_is_withheld_when_it_says_or_names_what_may_not_be_read() -> None:
    contacts, text = redaction(CONTACTS), redaction(TEXT)
    plain = {"uid": 7, "sha256": "ab" * 32, "steps": [{"invoice": "inv_1"}]}
    assert (contacts.hides(plain, {}), text.hides(plain, {})) == (False, False)
    assert (contacts.hides({"why": "paid"}, {}), text.hides({"why": "paid"}, {})) == (False, True)
    assert contacts.hides({"to": ["Tom", {"at": "anna@home.example"}]}, {})
    assert contacts.hides(plain, {"address": "anna@home.example"})
    assert text.hides({"steps": [{"invoice": "inv_1", "note": "x"}]}, {})
    assert contacts.shown({"to": ["anna@home.example"], "n": 1}) == {"to": ["[EMAIL]"], "n": 1}
    assert text.shown({"to": "x", "steps": [{"invoice": "inv_1", "note": "x"}]}) == {"steps": [{"invoice": "inv_1"}]}


def test_a_mail_that_is_here_has_no_copy() -> None:
    files = texts(list(message_entries(message(1), content(1))))
    assert copy_path("DULY000001") not in files


def test_a_mail_is_only_left_out_after_its_bytes_were_compared() -> None:
    wrong: CaseMessage = redacted_message(message(1, raw=b"other"), redaction(CONTACTS))
    with pytest.raises(ValueError, match="differs from what was recorded"):
        list(message_entries(wrong, content(1)))
