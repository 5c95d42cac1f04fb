"""The part of a case file that the log binds: every entry, the events of the case with salt and words, and proofs.

All that is written here can be checked by `mailer.record.package_check` and by the commands in VERIFY.txt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailer.dossier.model import CaseWithheld
from mailer.dossier.redaction import Redaction
from mailer.flows.case_folder import CaseFolder
from mailer.flows.keep_log import LogKeeper, tree_at
from mailer.flows.log_key import LogKey, present_key
from mailer.record.checkpoint import Checkpoint, made, signed
from mailer.record.commitment import SALT_BYTES, commitment, committed_bytes, early_commitment
from mailer.record.leaf import leaf_of
from mailer.record.note import BadNote, Verifier, only_by
from mailer.record.package import (
    AUTHENTICATED,
    CHECKPOINT,
    ENTRIES,
    EVENTS,
    MESSAGE_TYPES,
    PUBLIC_PEM,
    VKEY,
    Tree,
    erased_line,
    proof_path,
    shown_line,
    tree_of,
    withheld_line,
)
from mailer.record.reign import head_by, is_given_up, reigns_of
from mailer.record.tampering import EventFacts
from mailer.store import log, log_check, log_export
from mailer.store.log_export import LoggedEvent
from mailer.store.session import Tx

_NAMED = re.compile(rb'[{,]"sha256":"([0-9a-f]{64})"')


class NoSuchSize(ValueError):
    """The log never had so many entries."""


class RecordChanged(ValueError):
    """An event is not what its entry in the log commits to: nothing may go out until that is explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """An entry whose event names a mail (`id` of a stored mail or a message of ours) by its SHA-256."""

    index: int
    id: str
    type: str
    at: datetime
    leaf: bytes


@dataclass(slots=True, kw_only=True)
class LogView:
    """A signed head, and what the log up to it has about one customer.

    `case`: place in the record → (index, leaf hash) of the customer's events. `naming`: in the order of the log.
    `at`: the moment of the last entry; `verifier`: whose signature the head bears, the only one on it.
    """

    head: Checkpoint
    note: str
    verifier: Verifier
    at: datetime
    hashes: list[bytes] = field(default_factory=list)
    case: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    naming: list[Naming] = field(default_factory=list)

    @property
    def listed(self) -> tuple[int, ...]:
        """The indices of every event of the case file, in order."""
        return tuple(sorted({index for index, _ in self.case.values()} | {one.index for one in self.naming}))


async def head_at(tx: Tx, keeper: LogKeeper, size: int | None) -> LogView:
    """Return the signed head of that size, the newest one for None.

    A head that was kept comes as its own key signed it, also when another key signs now. One that was not is signed:
    Ed25519 gives the same bytes each time. Raises NoSuchSize, RecordChanged, LogRefused, LogKeyProblem.
    """
    key, last = await present_key(tx, keeper.data), await log.last_head(tx)
    present, _ = await log.edge(tx)
    if key is None or last is None:
        raise NoSuchSize("the log is empty")
    wanted = last.size if size is None else size
    if not 0 < wanted <= present:
        raise NoSuchSize(f"the log has {present} entries: give --at a number from 1 to {present}")
    at = leaf_of(await log_export.leaf_at(tx, wanted - 1)).at
    if earlier := await _by_earlier_key(tx, key, wanted, at):
        return earlier
    head = Checkpoint(origin=key.signer.name, size=wanted, root=(await tree_at(tx, wanted)).root())
    return LogView(head=head, note=signed(head, key.signer), verifier=key.signer.verifier, at=at)


async def _by_earlier_key(tx: Tx, key: LogKey, size: int, at: datetime) -> LogView | None:
    """Return the head that was kept of that size when only keys before the present one signed it."""
    kept, present = await log.head_of(tx, size), key.signer.verifier
    if kept is None:
        return None
    try:
        head, reign = head_by(kept.note, reigns_of(await log_check.handovers(tx), present))
    except BadNote as problem:
        raise RecordChanged(f"the head of size {size} is none: {problem}; `duly log verify` says more") from problem
    if head.size != size or is_given_up(head, reign):
        raise RecordChanged(f"the head of size {size} is another's, or by a key given up: `duly log verify` says more")
    if reign.verifier == present:
        return None
    return LogView(head=head, note=only_by(kept.note, reign.verifier), verifier=reign.verifier, at=at)


async def write_entries(
    tx: Tx, view: LogView, folder: CaseFolder, *, customer_id: str, mail_ids: Collection[str]
) -> None:
    """Write every entry, and learn from them which are about the customer and which name a mail of theirs."""
    with folder.open(ENTRIES) as file:
        async for one in log_export.logged(tx, view.head.size):
            file.write(one.body + b"\n")
            view.hashes.append(one.hash)
            if one.event_seq is not None:
                _learn(view, one, one.event_seq, customer_id=customer_id, mail_ids=mail_ids)


def _learn(view: LogView, one: LoggedEvent, seq: int, *, customer_id: str, mail_ids: Collection[str]) -> None:
    of = one.refs.get("message" if one.type == "reminder.queued" else "mail", "")
    is_mine = one.customer_id == customer_id
    if is_mine:
        view.case[seq] = (one.index, one.hash)
    if one.type in MESSAGE_TYPES and one.at is not None and (is_mine or of in mail_ids):
        view.naming.append(Naming(index=one.index, id=of, type=one.type, at=one.at, leaf=one.hash))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What was written of the events: the SHA-256 that each names, by index, and those withheld for what they say."""

    named: Mapping[int, frozenset[str]]
    redacted: tuple[CaseWithheld, ...] = ()

    @property
    def shown(self) -> frozenset[int]:
        """The indices of the events with their words."""
        return frozenset(self.named) - {one.log_index for one in self.redacted}


async def write_events(
    tx: Tx, view: LogView, folder: CaseFolder, withheld: Mapping[int, str], redaction: Redaction | None = None
) -> Bound:
    """Write the events of the case; each is held against its entry, also when it is withheld for what it says.

    `withheld`: index → why, of those that are not looked at. Raises RecordChanged.
    """
    listed = view.listed
    wanted, named, redacted = set(listed), dict[int, frozenset[str]](), list[CaseWithheld]()
    with folder.open(EVENTS) as file:
        start = listed[0] if listed else view.head.size
        async for entry in log_check.leaves(tx, start=start, tag=lambda *_: ""):
            if entry.index > listed[-1]:
                break
            if entry.index not in wanted or entry.event is None:
                continue
            if entry.index in withheld:
                file.write(withheld_line(entry.index))
            elif entry.event.salt is None:
                file.write(erased_line(entry.index))
            else:
                line = _shown(entry.index, entry.body, entry.event, entry.event.salt)
                named[entry.index] = frozenset(one.decode() for one in _NAMED.findall(entry.event.payload))
                if redaction and _is_hidden(entry.event, redaction):
                    line = withheld_line(entry.index)
                    redacted.append(_withheld(entry.index, entry.hash, entry.event, redaction))
                file.write(line)
    return Bound(named=named, redacted=tuple(redacted))


def _is_hidden(event: EventFacts, redaction: Redaction) -> bool:
    """Whether an event is withheld; those of signatures always are: the text that one names would have to be there."""
    return event.type == AUTHENTICATED or redaction.hides(json.loads(event.payload), event.refs)


def _withheld(index: int, hash_: bytes, event: EventFacts, redaction: Redaction) -> CaseWithheld:
    return CaseWithheld(log_index=index, at=event.at, type=event.type, why=redaction.why, leaf_sha256=hash_.hex())


def _shown(seq: int, body: bytes, event: EventFacts, salt: bytes) -> bytes:
    committed = committed_bytes(
        event_id=event.id,
        customer_id=event.customer_id,
        case_id=event.case_id,
        policy_version=event.policy_version,
        refs=event.refs,
        payload_sha256=event.payload_sha256,
    )
    is_early = len(salt) != SALT_BYTES
    commit = early_commitment(salt, event.payload) if is_early else commitment(salt, committed)
    if leaf_of(body).commit != commit:
        raise RecordChanged(f"{event.id} is not what entry {seq} of the log commits to: `duly log verify` says more")
    return shown_line(seq, salt, committed, event.payload)


def write_proofs(view: LogView, folder: CaseFolder) -> Tree:
    """Write a proof for each event of the case, the head, and the key in its two forms; returns the tree.

    Raises RecordChanged.
    """
    tree = tree_of(view.hashes)
    if len(view.hashes) != view.head.size or tree.root != view.head.root:
        raise RecordChanged("the entries of the log are not those that its head says: `duly log verify` says more")
    for index in view.listed:
        folder.write(proof_path(index), (made(index, tree.path(index), view.note).text.encode(),))
    verifier = view.verifier
    folder.write(CHECKPOINT, (view.note.encode(),))
    folder.write(VKEY, (f"{verifier.line}\n".encode(),))
    folder.write(PUBLIC_PEM, (verifier.pem.encode(),))
    return tree
