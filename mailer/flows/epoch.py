"""Knowing a database that came back from a backup: it has forgotten mail that it sent, and would send it again.

An epoch (a counter under a random id) is kept twice. It advances in the transaction that claims messages for sending;
when that is committed the file `<data>/epoch` follows, before the first DATA. So the file is never ahead, but for a
database older than the mail it has sent. (A crash between the two leaves the file behind, which is harmless.)

The file does not belong into a backup: who copies the whole data folder and puts all of it back should delete the file,
then Duly takes the database for a restored one, as it is.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailer.clock import new_id
from mailer.flows.whole_file import replace_file
from mailer.reminders.breaker import Freeze, FreezeCode
from mailer.store import state
from mailer.store.session import StoreUnreachable, Tx

if sys.platform != "win32":
    import fcntl

#: The file in the data folder.
NAME = "epoch"
#: Facts: the epoch, and how far earlier ones had come when a person released sending (JSON, counter by id).
_FACT, _PAST = "epoch", "epoch_past"


class EpochNotKept(StoreUnreachable):
    """The file cannot be written: nothing may be sent, for a restored database would not be known by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """How often messages were claimed for sending (`counter`), since the epoch `id` began."""

    id: str
    counter: int

    @property
    def line(self) -> str:
        """The epoch as it is kept: "12 epo_0f3k…"."""
        return f"{self.counter} {self.id}"


def epoch_of(line: str) -> Epoch | None:
    """Return the epoch of a line, None when it is not one."""
    counter, _, id_ = line.strip().partition(" ")
    return Epoch(id=id_, counter=int(counter)) if counter.isdecimal() and id_ else None


async def in_database(tx: Tx) -> Epoch | None:
    """Return the database's epoch, None when nothing was ever claimed."""
    return epoch_of(await state.get(tx, _FACT) or "")


def in_file(data: Path) -> Epoch | None:
    """Return the file's epoch, None when it is not there or not readable as one."""
    try:
        return epoch_of((data / NAME).read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


async def advance(tx: Tx) -> Epoch:
    """Go one further in this transaction, which claims messages; once it is committed, `keep` must follow."""
    await state.put(tx, f"{_FACT}:turn", "")  # writing the same row makes the others wait for our commit
    before = await in_database(tx)
    after = Epoch(id=before.id, counter=before.counter + 1) if before else Epoch(id=new_id("epo"), counter=1)
    await state.put(tx, _FACT, after.line)
    return after


def keep(data: Path, epoch: Epoch) -> None:
    """Write the file (0600, on the disk when this returns), unless another worker has brought it further already.

    Raises EpochNotKept.
    """
    try:
        with _alone(data):
            present = in_file(data)
            if present is None or present.id != epoch.id or present.counter < epoch.counter:
                replace_file(data / NAME, f"{epoch.line}\n")
    except OSError as problem:
        message = f"{data / NAME} cannot be written ({problem.strerror}): nothing is sent until it can"
        raise EpochNotKept(message) from problem


async def restored(tx: Tx, data: Path) -> Freeze | None:
    """Return the freeze for a database that is older than the mail it has sent, as its file shows; None for none."""
    kept = in_file(data)  # before the database is read: what another worker claims meanwhile must not look missing
    known = await in_database(tx)
    if kept is None:
        if known is None or known.counter <= 1:  # a crash before the file was first written
            return None
        why = f"{data / NAME} is missing, so nobody can tell whether the database was restored from a backup"
        return Freeze(code=FreezeCode.RESTORED, why=why)
    if known is not None and kept.id == known.id:
        is_older = kept.counter > known.counter
    else:
        # Another machine's file may still show the epoch that ended when a person released sending.
        is_older = kept.counter > (await _past(tx)).get(kept.id, -1)
    if not is_older:
        return None
    why = "the database is older than the mail it has sent: it was restored from a backup, or it is another one"
    return Freeze(code=FreezeCode.RESTORED, why=why)


async def renew(tx: Tx, data: Path) -> Epoch:
    """Begin a new epoch in this transaction: a person has looked. Once it is committed, `keep` must follow."""
    kept, past = in_file(data), await _past(tx)
    await state.put(tx, f"{_FACT}:turn", "")
    known = await in_database(tx)
    for one in (kept, known):
        if one is not None:
            past[one.id] = max(one.counter, past.get(one.id, 0))
    after = Epoch(id=new_id("epo"), counter=max((one.counter for one in (kept, known) if one), default=0) + 1)
    await state.put(tx, _PAST, json.dumps(past))
    await state.put(tx, _FACT, after.line)
    return after


async def _past(tx: Tx) -> dict[str, int]:
    found: dict[str, int] = json.loads(await state.get(tx, _PAST) or "{}")
    return found


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Keep other workers on this machine from writing the file meanwhile."""
    lock = os.open(data / f".{NAME}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
