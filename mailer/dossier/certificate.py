"""data/report/CERTIFICATE-902-DRAFT.txt: what a person would certify before a court of the United States.

Federal Rules of Evidence 902(11), (13) and (14) with 28 U.S.C. § 1746. Every figure comes from the record; what only a
person can know stays blank, and nothing is claimed in anybody's name.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseFile, CaseMessage, Direction
from mailer.dossier.profiles import PROFILES
from mailer.dossier.table import utc_text
from mailer.dossier.visible import visible_line

PATH = "data/report/CERTIFICATE-902-DRAFT.txt"
_BLANK = "_" * 40
_TEXT = """\
DRAFT, NOT SIGNED. For a court of the United States; a lawyer must adapt it. Filled from the record by {tool}.
Whoever signs it must know the facts: strike what you do not know, fill in what is blank.

CERTIFICATE OF AUTHENTICITY OF ELECTRONIC RECORDS
Federal Rules of Evidence 902(11), 902(13) and 902(14)

I, {blank}, declare:

1. I am {blank} (position) of {seller}. I know how its records of
   correspondence are made and kept, and I am familiar with cryptographic hashes (SHA-256) by {blank}
   (training or experience).

2. The records. This certificate is about the correspondence with {customer}, case {case_id}{scope}:
   {out} e-mails sent and {received} received, numbered as in Exhibit A, recorded {period}.

3. The process (902(13)). They were produced by {tool}, a system that keeps the exact bytes of every message that it
   hands to a mail server or fetches from the mailbox, before anything else is done with them, and enters each act in
   an append-only log. The log is a Merkle tree (RFC 6962) whose head is signed with Ed25519 (RFC 8032). Log:
   {origin}
   entries: {size}   root hash (SHA-256): {root}
   SHA-256 of the public key of the log: {key}
   Head as of {exported}.

4. The copies (902(14)). For each message the SHA-256 of its bytes was entered in the log when it was handed over or
   fetched. When this copy was made, it was computed again from the bytes copied, and every one agreed: the copy would
   not have been made otherwise. The values are in Exhibit A. Two files with the same SHA-256 are, for every practical
   purpose, identical. They can be checked with commands that need no software of ours: see VERIFY.txt.

5. The business records (902(11)). The records were made at or near the time of the acts they describe, by the system or
   by persons with knowledge; kept in the course of regularly conducted activity of {seller}; and making them was a
   regular practice of that activity.

6. What is not here. {gone} messages have a number and are not in this copy (messages_not_retained.txt); {withheld}
   entries of the log are withheld (data/report/withheld.csv), each with its reason.

I declare under penalty of perjury under the laws of the United States of America that the foregoing is true and
correct.

Executed on {blank} (date)

{blank} (signature)
{blank} (name)


EXHIBIT A

number       way       recorded (UTC)        SHA-256 of the bytes
"""


def entries(case: CaseFile) -> Iterator[FileEntry]:
    """Yield the draft where there are mails to certify and the reader may have use for it; nothing when redacted."""
    if not PROFILES[case.purpose].certificate or not case.messages or case.redaction:
        return
    messages = sorted(case.messages, key=lambda one: one.number)
    directions = [one.direction for one in messages]
    moments = sorted(one.at for one in messages)
    text = _TEXT.format(
        blank=_BLANK,
        tool=visible_line(case.tool),
        seller=visible_line(case.seller_name),
        customer=visible_line(f"{case.customer.name} ({case.customer.ref})"),
        case_id=visible_line(case.case_id),
        scope=f", invoice {visible_line(case.scope)} only" if case.scope else "",
        out=directions.count(Direction.OUT),
        received=directions.count(Direction.IN),
        period=f"from {utc_text(moments[0])} to {utc_text(moments[-1])}",
        origin=visible_line(case.log.origin),
        size=case.log.size,
        root=case.log.root,
        key=case.log.key_sha256,
        exported=utc_text(case.exported_at),
        gone=len(case.not_retained),
        withheld=len(case.withheld),
    )
    yield FileEntry(path=PATH, content=(text + "".join(map(_line, messages))).encode())


def _line(one: CaseMessage) -> str:
    way = "sent" if one.direction is Direction.OUT else "received"
    return f"{one.number:<12} {way:<9} {utc_text(one.at):<21} {one.sha256}\n"
