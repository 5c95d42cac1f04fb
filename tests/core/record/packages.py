"""A whole case file in memory, with three mails, and a way to change it and make its manifests again."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from mailer.dossier.manifest import closing_entries
from mailer.dossier.verify_text import TEXT
from mailer.record.checkpoint import Checkpoint, made, signed
from mailer.record.commitment import commitment, committed_bytes, early_commitment, payload_bytes
from mailer.record.leaf import Leaf, leaf_bytes
from mailer.record.merkle import leaf_hash
from mailer.record.note import Signer, Verifier
from mailer.record.package import (
    ANCHORS,
    CHECKPOINT,
    ENTRIES,
    EVENTS,
    NOT_RETAINED,
    PROOFS,
    PUBLIC_PEM,
    SIGNATURES,
    VKEY,
    erased_line,
    proof_path,
    shown_line,
    tree_of,
    withheld_line,
)
from mailer.record.package_check import check_package
from mailer.record.package_flaws import PackageVerdict, Packed
from mailer.record.stamp import Trusted

SIGNER = Signer(name="acme.example/duly/log_1", seed=b"k" * 32)
START = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
MINE, THEIRS = "a" * 32, "b" * 32
MAILS = (
    b"From: us@acme.example\r\n\r\nPlease pay INV-1.\r\n",
    b"From: ap@alder.example\r\n\r\n\x00We will.\xff",
    b"From: ap@alder.example\r\n\r\nOn Friday.",
)
Files = dict[str, bytes]


@dataclass(slots=True)
class Log:
    """A log that grows, and the lines of its case."""

    bodies: list[bytes] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    last: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, type_: str, tag: str = MINE, *, how: str = "shown", after: str = "", **payload: object) -> None:
        """Append a leaf, and its line unless it is `how="left out"`; `after`: the tag that a new one goes on for."""
        seq = len(self.bodies)
        words, salt = payload_bytes(payload), bytes([seq]) * (16 if how == "early" else 32)
        row = committed_bytes(
            event_id=f"evt_{seq}",
            customer_id="cus_1",
            case_id=None,
            policy_version="",
            refs={"mail": f"mail_{seq}"},
            payload_sha256=hashlib.sha256(words).digest(),
        )
        place, link = self.last.get(tag, (0, self.last[after][1] if after else ""))
        leaf = Leaf(
            seq=seq,
            at=START + timedelta(seconds=seq),
            type=type_,
            actor="person:1",
            case_tag=tag,
            case_seq=place + 1 if tag else 0,
            commit=early_commitment(salt, words) if how == "early" else commitment(salt, row),
            prev_case=link,
        )
        self.bodies.append(leaf_bytes(leaf))
        if tag:
            self.last[tag] = (leaf.case_seq, leaf_hash(self.bodies[-1]).hex())
        match how:
            case "erased":
                self.lines.append(erased_line(seq))
            case "withheld":
                self.lines.append(withheld_line(seq))
            case "shown" | "early":
                self.lines.append(shown_line(seq, salt, row, words))
            case _:
                pass


def sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def a_log() -> Log:
    log = Log()
    log.add("customer.added", THEIRS, how="left out")
    log.add("customer.added", how="early", name="Alder \u202e & Söhne\x7f")
    log.add("reminder.queued", sha256=sha(MAILS[0]), steps=[{"sha256x": "no"}])
    log.add("reminder.queued", sha256=sha(b"never sent"))
    log.add("mail.fetched", "", sha256=sha(MAILS[1]), folder="INBOX")
    log.add("mail.fetched", "", how="left out", sha256=sha(b"another's"))
    log.add("mail.matched", method="references", subject='x","payload":{}')
    log.add("note.added", how="withheld", words="secret")
    log.add("case.opened", THEIRS, how="left out")
    log.add("note.added", how="erased", words="gone")
    log.add("mail.sent_by_hand", sha256=sha(MAILS[2]))
    log.add("system.started", "", how="left out")
    log.add("export.started", purpose="lawyer")
    return log


def files_of(log: Log, signer: Signer = SIGNER) -> Files:
    """Return the files of a case file, without its manifests."""
    tree = tree_of([leaf_hash(body) for body in log.bodies])
    note = signed(Checkpoint(origin=signer.name, size=len(log.bodies), root=tree.root), signer)
    seqs = [int(line.split(b",")[0].removeprefix(b'{"seq":')) for line in log.lines]
    mails = dict(zip(("DULY000001", "DULY000003", "DULY000004"), MAILS, strict=True))
    return {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "VERIFY.txt": TEXT.encode(),
        NOT_RETAINED: b"message\treason\nDULY000002\tit was never handed over\n",
        ENTRIES: b"".join(body + b"\n" for body in log.bodies),
        EVENTS: b"".join(log.lines),
        CHECKPOINT: note.encode(),
        VKEY: f"{signer.verifier.line}\n".encode(),
        PUBLIC_PEM: signer.verifier.pem.encode(),
        **{proof_path(seq): made(seq, tree.path(seq), note).text.encode() for seq in seqs},
        **{f"data/eml/{number}.eml": raw for number, raw in mails.items()},
        "data/report/chronology.txt": b"what happened\n",
    }


@cache
def _sample() -> tuple[tuple[str, bytes], ...]:
    return tuple(files_of(a_log()).items())


def a_package() -> Files:
    return dict(_sample())


def closed(files: Mapping[str, bytes]) -> Files:
    """Return the files with their manifests made anew, so that only the log can notice a change."""
    payload = [raw for path, raw in files.items() if path.startswith("data/")]
    oxum = f"Payload-Oxum: {sum(map(len, payload))}.{len(payload)}\n"
    whole = {**files, "bag-info.txt": f"Bag-Type: Mailbag\n{oxum}".encode()}
    last = closing_entries({path: sha(raw) for path, raw in whole.items()})
    return whole | {entry.path: entry.content for entry in last}


def packed(files: Mapping[str, bytes]) -> Packed:
    return Packed(
        vkey=files.get(VKEY, b""),
        pem=files.get(PUBLIC_PEM, b""),
        checkpoint=files.get(CHECKPOINT, b""),
        entries=io.BytesIO(files.get(ENTRIES, b"")),
        events=io.BytesIO(files.get(EVENTS, b"")),
        proof=files.get,
        proofs=sum(path.startswith(f"{PROOFS}/") for path in files),
        mails={path: sha(raw) for path, raw in files.items() if path.startswith("data/eml/")},
        signatures={path: sha(raw) for path, raw in files.items() if path.startswith(f"{SIGNATURES}/")},
        not_retained=files.get(NOT_RETAINED, b""),
        anchors={path: raw for path, raw in files.items() if path.startswith(f"{ANCHORS}/")},
    )


def verdict(
    files: Mapping[str, bytes], trusted: Trusted | None = None, witnesses: Sequence[Verifier] | None = None
) -> PackageVerdict:
    return check_package(packed(files), trusted, witnesses)
