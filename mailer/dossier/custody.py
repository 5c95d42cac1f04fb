"""data/report/CHAIN-OF-CUSTODY.csv: every act on record, by whom, on what, and the entry of the log that proves it."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseFile
from mailer.dossier.table import Cell, csv_bytes

PATH = "data/report/CHAIN-OF-CUSTODY.csv"
WITHHELD = "data/report/withheld.csv"
HEADER = ("log_index", "record_seq", "at", "actor", "action", "object", "sha256", "leaf_sha256", "words", "tool")


def entries(case: CaseFile) -> Iterator[FileEntry]:
    """Yield the acts, and what was withheld with the reason; the second is there even when empty."""
    yield FileEntry(path=PATH, content=csv_bytes(HEADER, acts(case)))
    listed = sorted(case.withheld, key=lambda one: one.log_index)
    rows = [(one.log_index, one.at, one.type, one.why, one.leaf_sha256) for one in listed]
    yield FileEntry(path=WITHHELD, content=csv_bytes(("log_index", "at", "action", "reason", "leaf_sha256"), rows))


def acts(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    """Yield a row of `HEADER` for each act, in the order of the log."""
    mails = {one.log_index: one for one in case.messages}
    known = {
        one.log_index: (one.seq, one.at, one.actor, one.type, one.leaf_sha256, one.words) for one in case.events
    } | {one.log_index: (None, one.at, "", "mail.fetched", one.leaf_sha256, "") for one in case.fetched}
    for index in sorted(known):
        seq, at, actor, type_, leaf, words = known[index]
        mail = mails.get(index)
        what = (mail.number, mail.sha256) if mail else ("", "")
        yield index, seq, at, actor, type_, *what, leaf, words, case.tool
