"""A witness and what it remembers: in a folder of its own, apart from any Duly, for somebody else to run.

What it cosigned last is on the disk before the cosignature leaves: else a witness that was killed could vouch for two
histories.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from mailer.anchors.witness_server import Answer
from mailer.clock import Clock, new_key
from mailer.flows.whole_file import create_file, replace_file
from mailer.record.checkpoint import Checkpoint
from mailer.record.cosignature import cosign
from mailer.record.note import COSIGNATURE, BadKey, BadNote, Signer, Verifier, parts_of, signer_of, verifier_of
from mailer.record.witness import BadRequest, Status, decide, head_of
from mailer.secret import check_private
from mailer.settings import SettingsError

if sys.platform != "win32":
    import fcntl

#: The files: its key (0600), the logs that it trusts (their public keys, a line each), and the last head of each.
KEY, LOGS, STATE = "witness.key", "logs", "witness.state"
_LOCK = "witness.lock"
_PLAIN = "text/plain; charset=utf-8"
_ABOUT_KEY = "# The private key of this witness. Whoever has it can vouch in its name.\n"
_ABOUT_LOGS = (
    "# The public keys of the logs that this witness watches, one a line: `duly log checkpoint -o json` shows it.\n"
)


@dataclass(slots=True, kw_only=True)
class Witness:
    """A witness that is open; one request at a time. `notes`: by name of log the head it cosigned last, as signed."""

    folder: Path
    signer: Signer
    logs: tuple[Verifier, ...]
    notes: dict[str, str]
    clock: Clock
    _lock: IO[str]
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request to cosign a head (any thread). Raises OSError when it cannot be remembered."""
        with self._alone:
            found = decide(body, self.logs, {name: _head(note) for name, note in self.notes.items()})
            if found.head is None:
                if found.status is Status.CONFLICT:
                    return Answer(found.status, "text/x.tlog.size", f"{found.size}\n")
                return Answer(found.status, _PLAIN, "")
            notes = {**self.notes, found.head.origin: found.note}
            replace_file(self.folder / STATE, _state(notes))
            self.notes = notes
            return Answer(found.status, _PLAIN, cosign(found.text, self.signer, self.clock()))

    def close(self) -> None:
        """Let another process open it."""
        self._lock.close()


def init_witness(folder: Path, name: str) -> Signer:
    """Make a witness in a folder and return its key. Raises SettingsError, also when there is one already."""
    signer = Signer(name=name, seed=bytes.fromhex(new_key()), type=COSIGNATURE)
    try:
        verifier_of(signer.verifier.line, COSIGNATURE)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The key first: where there is one, nothing may make it forget what it saw.
        create_file(folder / KEY, f"{_ABOUT_KEY}{signer.line}\n")
        create_file(folder / STATE, _state({}))
        create_file(folder / LOGS, _ABOUT_LOGS)
    except BadKey:
        raise SettingsError(
            f"{name!r} is no name for a witness: no spaces and no plus sign, as in witness.example/w1"
        ) from None
    except FileExistsError:
        raise SettingsError(
            f"there is a witness in {folder} already: its key and what it saw are never overwritten"
        ) from None
    except OSError as problem:
        raise SettingsError(f"{folder} cannot be written: {problem.strerror}") from problem
    return signer


def open_witness(folder: Path, clock: Clock) -> Witness:
    """Open the witness of a folder. Raises SettingsError: a file is missing, broken or open to others, or it runs."""
    key = folder / KEY
    try:
        check_private(key)
        signer = signer_of(_lines(key)[0], COSIGNATURE)
        logs = tuple(verifier_of(line) for line in _lines(folder / LOGS))
        notes = _notes((folder / STATE).read_text("utf-8"))
    except OSError as problem:
        words = f"{problem.filename} cannot be read ({problem.strerror}): `duly witness init` makes a new witness"
        raise SettingsError(f"{words}; one that forgot what it saw must not go on under the old key") from problem
    except (BadKey, BadNote, BadRequest, ValueError, IndexError) as problem:
        raise SettingsError(f"a file of {folder} ({KEY}, {LOGS} or {STATE}) is broken: {problem}") from None
    if not logs:
        raise SettingsError(f"{folder / LOGS} names no log: put the public key (vkey) of one there")
    return Witness(folder=folder, signer=signer, logs=logs, notes=notes, clock=clock, _lock=_locked(folder / _LOCK))


def _locked(path: Path) -> IO[str]:
    """Keep other processes out: two that remember apart could vouch for two histories."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w")
    try:
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise SettingsError(f"the witness of {path.parent} runs already") from None
    return file


def _head(note: str) -> Checkpoint:
    return head_of(parts_of(note)[0])


def _lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _notes(text: str) -> dict[str, str]:
    notes = json.loads(text)
    if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
        raise ValueError(f"{STATE} is no table of signed heads")
    for note in notes.values():
        _head(note)
    return notes


def _state(notes: dict[str, str]) -> str:
    return json.dumps(notes, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
