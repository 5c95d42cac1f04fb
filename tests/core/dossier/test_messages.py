from __future__ import annotations

import csv
import io

import pytest

from mailer.dossier.eml import EvidenceMismatch, eml_path, message_number
from mailer.dossier.entry import Entry, FileEntry
from mailer.dossier.formats import message_entries
from mailer.dossier.model import CaseAttachment, CaseMessage, MessageContent
from tests.core.dossier.made import attachment, content, message

RAW = b"Subject: =?utf-8?q?x?=\r\n\r\n\x00\xff odd bytes \r no newline"


def files(one: CaseMessage, given: MessageContent) -> dict[str, bytes]:
    entries: list[Entry] = list(message_entries(one, given))
    return {entry.path: entry.content for entry in entries if isinstance(entry, FileEntry)}


def test_the_mail_is_exported_byte_for_byte() -> None:
    assert files(message(raw=RAW), content(1, RAW)) == {"data/eml/DULY000001.eml": RAW}


def test_numbers_sort_as_text_in_the_order_of_time() -> None:
    numbers = [message_number(position) for position in (1, 2, 10, 999_999)]
    assert numbers == sorted(numbers)
    assert message_number(3, prefix="ACME") == "ACME000003"


@pytest.mark.parametrize("number", ["../DULY000001", "DULY1", "", "duly000001", "DULY000001/x"])
def test_a_number_that_is_no_plain_file_name_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="message_number"):
        eml_path(number)


def test_attachments_get_safe_names_and_the_list_keeps_the_names_as_sent() -> None:
    names = ("../../x.sh", "=1+1.csv", "attachments.csv", "x.sh")
    one = message(attachments=tuple(attachment(name, name.encode()) for name in names))
    written = files(one, content(1, b"From: a@b\r\n\r\nhello\r\n", *(name.encode() for name in names)))
    folder = "data/attachments/DULY000001/"
    assert written[f"{folder}DULY000001-1.sh"] == b"../../x.sh"
    assert written[f"{folder}DULY000001-3.csv"] == b"attachments.csv"
    rows = list(csv.reader(io.StringIO(written[f"{folder}attachments.csv"].decode())))
    assert rows[0] == ["Original-Filename", "Mailbag-Filename", "MimeType", "Content-ID"]
    assert [row[:2] for row in rows[1:]] == [
        ["../../x.sh", "DULY000001-1.sh"],
        ["'=1+1.csv", "DULY000001-2.csv"],
        ["attachments.csv", "DULY000001-3.csv"],
        ["x.sh", "x.sh"],
    ]
    assert len(written) == 6


BYTES = b"From: a@b\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("attachments", "given", "what"),
    [
        ((), content(1, b"From: a@b\r\n\r\nhellO\r\n"), "raw mail"),
        ((), content(2), "raw mail"),
        ((attachment("a"),), content(1, BYTES), "number of attachments"),
        ((), content(1, BYTES, b"extra"), "number of attachments"),
        ((attachment("a", b"x"),), content(1, BYTES, b"y"), "an attachment"),
    ],
)
def test_bytes_that_are_not_those_on_record_are_never_exported_as_evidence(
    attachments: tuple[CaseAttachment, ...], given: MessageContent, what: str
) -> None:
    with pytest.raises(EvidenceMismatch, match=what) as caught:
        files(message(attachments=attachments), given)
    assert caught.value.number == "DULY000001"
