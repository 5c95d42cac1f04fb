"""The log's own keys, in a file beside the database and never in it: one signs heads, one makes the tags of cases.

The database knows only the public half; by it a worker with another file, or without one, is refused.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from mailer.clock import new_id, new_key
from mailer.flows.whole_file import create_file, replace_file
from mailer.record.leaf import case_tag
from mailer.record.note import BadKey, Signer, Verifier, signer_of
from mailer.secret import check_private
from mailer.settings import SettingsError
from mailer.store import state
from mailer.store.session import Tx

#: The file in the data folder.
NAME = "log.key"
#: A key that is about to follow it, until the database knows that one.
NEXT = "log.key.next"
#: The fact that names the log's public key.
_FACT = "log_vkey"
_TAGS = "CASE+TAG+KEY+"
_ABOUT = (
    "# These keys sign the record of this data folder. Keep a copy apart from every backup of the database:\n"
    "# without it the log cannot go on, and whoever has it can sign another history.\n"
)


class LogKeyProblem(SettingsError):
    """The file with the log's keys is missing, broken, open to others, or another log's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """What signs heads, and the key (32 bytes) of the tags."""

    signer: Signer
    tags: bytes

    def tag(self, case_id: str | None, customer_id: str | None) -> str:
        """Return the tag of a case, else of a customer, else ""."""
        return case_tag(self.tags, case_id, customer_id)


async def log_key(tx: Tx, data: Path, address: str) -> LogKey:
    """Return the keys in a transaction that writes the log; the first use makes them and notes the public one.

    `address`: the seller's, whose domain goes into the log's name. Raises LogKeyProblem.
    """
    known = await known_key(tx)
    key = _newest(data, known)
    if key is None and known is None:
        key = make_key(data, address)
    checked = _fitting(key, known, data)
    if known is None:
        await name_key(tx, checked.signer.verifier.line)
    return checked


async def known_key(tx: Tx) -> str | None:
    """Return the log's public key (a vkey) as the database knows it, None before its first use."""
    return await state.get(tx, _FACT)


async def name_key(tx: Tx, vkey: str) -> None:
    """Let the database know the log by this public key."""
    await state.put(tx, _FACT, vkey)


async def first_key(tx: Tx, data: Path, address: str) -> None:
    """Make the keys of a new log; a database put back from a backup waits for its own. Raises LogKeyProblem."""
    if await known_key(tx) is None:
        await log_key(tx, data, address)


async def present_key(tx: Tx, data: Path) -> LogKey | None:
    """Return the keys to read the log with, None before its first use. Raises LogKeyProblem."""
    known = await known_key(tx)
    key = _newest(data, known)
    return None if key is None and known is None else _fitting(key, known, data)


def make_key(data: Path, address: str) -> LogKey:
    """Make the keys, unless another process was faster; then its are returned. Raises LogKeyProblem."""
    path = data / NAME
    try:
        create_file(path, _text(_new(address)))
    except FileExistsError:
        pass
    except OSError as problem:
        raise LogKeyProblem(f"{path} cannot be written ({problem.strerror}): the record is not signed") from problem
    made = key_in(data)
    if made is None:
        raise LogKeyProblem(f"{path} was removed while it was made")
    return made


def next_key(data: Path, address: str, *, tags: bytes | None, name: str = "") -> LogKey:
    """Make a key that may follow, of a log of that name (else a new one), with those tags; it is not in use yet."""
    made = _new(address)
    key = LogKey(signer=replace(made.signer, name=name or made.signer.name), tags=tags or made.tags)
    try:
        replace_file(data / NEXT, _text(key))
    except OSError as problem:
        raise LogKeyProblem(f"{data / NEXT} cannot be written ({problem.strerror}): the key stays") from problem
    return key


def promote(data: Path) -> None:
    """Put the following key in the place of the one before, which is gone by this."""
    try:
        (data / NEXT).replace(data / NAME)
    except OSError as problem:
        raise LogKeyProblem(f"rename {data / NEXT} to {NAME} by hand: {problem.strerror}") from problem


def _new(address: str) -> LogKey:
    domain = re.sub(r"[^a-z0-9.-]", "", address.rpartition("@")[2].lower()) or "duly"
    signer = Signer(name=f"{domain}/duly/{new_id('log')}", seed=bytes.fromhex(new_key()))
    return LogKey(signer=signer, tags=bytes.fromhex(new_key()))


def _text(key: LogKey) -> str:
    return f"{_ABOUT}{key.signer.line}\n{_TAGS}{key.tags.hex()}\n"


def _newest(data: Path, known: str | None) -> LogKey | None:
    """Return the keys of the file; a change of keys that a crash cut short is carried out first."""
    key = key_in(data)
    if known is not None and (key is None or key.signer.verifier.line != known):
        following = key_in(data, NEXT)
        if following is not None and following.signer.verifier.line == known:
            promote(data)
            return following
    return key


def key_in(data: Path, name: str = NAME) -> LogKey | None:
    """Return the keys of the file, None when there is none. Raises LogKeyProblem, SettingsError (others may read)."""
    path = data / name
    try:
        check_private(path)
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise LogKeyProblem(f"{path} cannot be read: {type(problem).__name__}") from problem
    said = [line for line in lines if line and not line.startswith("#")]
    try:
        signer, tags = signer_of(said[0]), bytes.fromhex(said[1].removeprefix(_TAGS))
    except (BadKey, ValueError, IndexError):
        raise LogKeyProblem(f"{path} does not hold the log's two keys: put the copy back that you keep") from None
    return LogKey(signer=signer, tags=tags)


def _fitting(key: LogKey | None, known: str | None, data: Path) -> LogKey:
    name = (known or "").partition("+")[0]
    if key is None:
        words = f"{data / NAME} is missing: put the copy back that you keep of the keys of {name}"
        raise LogKeyProblem(f"{words}; when it is lost, `duly log restart` begins a new log")
    if known is not None and key.signer.verifier.line != known:
        raise LogKeyProblem(f"{data / NAME} belongs to {key.signer.name}, but this database's log is {name}")
    return key


def fingerprint(key: Verifier) -> str:
    """Return SHA-256 of the public key's line (the file log.vkey), hex: to be told by another way than the files."""
    return hashlib.sha256(key.line.encode() + b"\n").hexdigest()
