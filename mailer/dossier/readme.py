"""README.txt: what the folder holds and how to check it, for a reader who has never heard of the program."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseFile, Direction
from mailer.dossier.table import utc_text
from mailer.dossier.visible import visible_line

PATH = "README.txt"
_TEXT = """\
CASE FILE

Case:         {case_id}
Creditor:     {seller}
Debtor:       {customer}
Scope:        {scope}
Exported:     {exported}, with entry {last} of the log {origin}
Made for:     {purpose}{since}
Redacted:     {redacted}
Made with:    {tool}
Contents:     {out} mails sent, {received} mails received, {invoices} invoices, {payments} payments
{warning}

WHERE TO BEGIN

{report}
data/report/chronology.html   Everything that happened, in order, to read and to print. Open it in any browser;
                              it loads nothing from the internet.
data/report/chronology.txt    The same as plain text.
data/report/chronology.csv    The same as a table.


WHAT ELSE IS HERE

{mails}
data/account/                 Tables: invoices, payments, statement_of_account (charges, credits, running balance for
                              each currency), promises, disputes, holds, and calls (calls, letters, meetings, notes).
data/report/CHAIN-OF-CUSTODY.csv  Every act on record with its entry of the log; withheld.csv: what is left out.
data/report/CERTIFICATE-902-DRAFT.txt  A draft for courts of the United States, to be adapted and signed by a person;
                              in files made for a lawyer or a court.
data/audit/                   The whole log (entries name nobody), the events of this case with what proves them, and a
                              proof for each; dkim: who signed the mails. VERIFY.txt explains it.
data/loadfile/                For review platforms: Concordance DAT (UTF-8; 0x14 parts fields, þ quotes them, ® is a
                              line feed; these three in a text are written [U+0014], [U+00FE], [U+00AE]), OPT, CSV.
data/placement/               For agencies: one row per debtor and one per document. Only in files made for an agency.
mailbag.csv                   Every mail in one table, as archives read it (Mailbag 1.0); not in a redacted file.
messages_not_retained.txt     Mails that have a number and are not here, and why.


HOW TO CHECK THAT NOTHING WAS CHANGED SINCE THE EXPORT

In this folder, on Linux, macOS or Windows (Git Bash):

    sha256sum -c manifest-sha256.txt
    sha256sum -c tagmanifest-sha256.txt

Every line must end in "OK" (on macOS the command is: shasum -a 256 -c ...). That no file was added: the number of
files under data/ must be the number of lines in manifest-sha256.txt:

    find data -type f | wc -l
    wc -l < manifest-sha256.txt

What this shows: that these files are those of the export. That they are those which were recorded at the time, and that
nothing of the case is left out, is what the signed log shows: VERIFY.txt has the commands, bash VERIFY.txt runs them.


HOW TO READ IT

Times are UTC and end in Z. Dates without a time are the debtor's local dates{zone}.
Amounts have a decimal point and no thousands separators; currencies are ISO 4217 codes and are never converted.
Tables are UTF-8. In Excel: Data, From Text/CSV, file origin 65001 (UTF-8).
In tables a text that a spreadsheet could take for a formula has an apostrophe (') in front.
In the report and the tables, invisible characters and those that change the direction of writing are shown as
[U+202E]. The mails under data/eml/ are never altered.
"""
_MAILS = """\
data/eml/                     Every mail, one file each, byte for byte as it was handed to the mail server or fetched
                              from the mailbox. Any mail program opens them. {prefix}000001 is the first on record.
data/attachments/             What was attached to them, decoded. File names were made safe; attachments.csv in each
                              folder has the names as they were sent. Treat these files with the care due to any
                              attachment from outside: they were not scanned.
"""
_COPIES = """\
data/redacted/                Of each mail a copy for reading, with what is left out as [EMAIL], [PHONE] and the
                              like, or [LEFT OUT]. The log does not bind these files. {prefix}000001 is the first on
                              record.
"""
_WARNING = """

THIS FILE IS REDACTED ({name})

Left out: {about}.
Nothing that the log binds was altered. Mails, attachments and what was found of signatures are not here;
messages_not_retained.txt lists the mails, messages_not_retained.csv with their SHA-256. Events that say something of
the kind are withheld: withheld.csv lists each, the hash of its entry is in the signed log, and a file of the same case
that is not redacted shows what it says. What is here for reading has such words blacked out. Patterns find them: what
is written so that no pattern knows it ("tom at alder dot example") may have stayed. Read it before you pass it on.
"""


_REPORT = """\
data/report/CASE-REPORT-*.pdf  Everything to read and to print, with an index: PDF/A-3{volumes}. The original of each
                              mail is embedded. It is a rendering; what counts is data/eml.
"""
_REDACTED_REPORT = """\
data/report/CASE-REPORT-*.pdf  Everything to read and to print, with an index: PDF/A-3{volumes}. It is redacted, too.
"""
_NO_REPORT = """\
                              There is no PDF report in this file: {why}.
"""


def entries(case: CaseFile) -> Iterator[FileEntry]:
    """Yield the one file."""
    directions = [message.direction for message in case.messages]
    first = min((message.number for message in case.messages), default="DULY000001")
    zone = visible_line(case.customer.time_zone)
    prefix = first.rstrip("0123456789")
    redaction = case.redaction
    text = _TEXT.format(
        redacted=f"yes, {redaction.name}: see below" if redaction else "no",
        warning=_WARNING.format(name=redaction.name, about=redaction.about).rstrip("\n") + "\n" if redaction else "",
        mails=(_COPIES if redaction else _MAILS).format(prefix=prefix).rstrip("\n"),
        report=_report(case),
        case_id=visible_line(case.case_id),
        seller=visible_line(case.seller_name),
        customer=visible_line(f"{case.customer.name} ({case.customer.ref})"),
        scope=f"invoice {visible_line(case.scope)} only" if case.scope else "the whole case",
        exported=utc_text(case.exported_at),
        last=max(0, case.log.size - 1),
        origin=visible_line(case.log.origin),
        purpose=case.purpose.value,
        since=f", of what happened since {case.since.isoformat()}" if case.since else "",
        tool=visible_line(case.tool),
        out=directions.count(Direction.OUT),
        received=directions.count(Direction.IN),
        invoices=len(case.invoices),
        payments=len(case.payments),
        zone=f" ({zone})" if zone else "",
    )
    yield FileEntry(path=PATH, content=text.encode())


def _report(case: CaseFile) -> str:
    many = len(case.report.volumes)
    if not many:
        return _NO_REPORT.format(why=visible_line(case.report.why_not)).rstrip("\n")
    return (
        (_REDACTED_REPORT if case.redaction else _REPORT)
        .format(volumes=f", {many} volumes" if many > 1 else "")
        .rstrip("\n")
    )
