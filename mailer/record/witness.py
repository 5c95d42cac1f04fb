"""What a witness is asked, and what it answers (https://c2sp.org/tlog-witness): does this head extend what I saw?"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from mailer.record.checkpoint import Checkpoint
from mailer.record.merkle import EMPTY, is_consistent
from mailer.record.note import BadNote, Verifier, exact_base64, opened, parts_of

#: No request is longer, in bytes; and no proof has more hashes.
MOST_BYTES, MOST_HASHES = 128 * 1024, 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_LINES = 3


class Status(IntEnum):
    """How a witness answers, as HTTP."""

    OK = 200
    BAD_REQUEST = 400
    FORBIDDEN = 403  # not signed by a key that it trusts for this log
    NOT_FOUND = 404  # a log that it does not know
    CONFLICT = 409  # it remembers another size (or another root of that size)
    UNPROCESSABLE_ENTITY = 422  # the head does not extend what it remembers


class BadRequest(ValueError):
    """This is not a request as a witness reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A signed head (`note`), and the proof that its tree began as that of `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    @property
    def text(self) -> str:
        """The body of POST /add-checkpoint."""
        lines = (f"old {self.old}", *(base64.b64encode(one).decode() for one in self.proof))
        return "\n".join(lines) + f"\n\n{self.note}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a witness does: `status` of HTTP, and with OK the head that it has to remember and then to cosign.

    `size`: with CONFLICT, what it remembers of the log.
    """

    status: Status
    head: Checkpoint | None = None
    text: str = ""
    note: str = ""
    size: int = 0


def request_of(body: bytes) -> Request:
    """Return the request in a body. Raises BadRequest."""
    try:
        head, gap, note = body.decode().partition("\n\n")
        first, *lines = head.split("\n")
        proof = tuple(exact_base64(line) for line in lines)
    except ValueError as problem:
        raise BadRequest("a request is text, and its hashes are canonical base64") from problem
    old = _OLD.fullmatch(first)
    if not gap or old is None or len(body) > MOST_BYTES or len(proof) > MOST_HASHES:
        raise BadRequest("a request is an old size, at most 63 hashes, an empty line and a checkpoint")
    if any(len(one) != len(EMPTY) for one in proof):
        raise BadRequest("a hash of a proof has 32 bytes")
    return Request(old=int(old[1]), proof=proof, note=note)


def head_of(text: str) -> Checkpoint:
    """Return the head in a note's text; unlike ours, those of others may have further lines. Raises BadRequest."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < _LINES or not all(lines) or not _NUMBER.fullmatch(lines[1]):
        raise BadRequest("a checkpoint is a log's name, its size, its root, and lines that are not empty")
    try:
        root = exact_base64(lines[2])
    except ValueError as problem:
        raise BadRequest("the root of a checkpoint is canonical base64") from problem
    if len(root) != len(EMPTY):
        raise BadRequest("the root of a checkpoint has 32 bytes")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def decide(body: bytes, logs: Sequence[Verifier], known: Mapping[str, Checkpoint]) -> Decision:
    """Return what a witness does with the body of a request.

    `logs`: the keys that it trusts, by their logs' names; one log may have several. `known`: by name of log the head it
    cosigned last. Whoever applies the decision sees to it that `known` has not changed in between.
    """
    try:
        asked = request_of(body)
        text, _ = parts_of(asked.note)
        head = head_of(text)
    except (BadRequest, BadNote):
        return Decision(status=Status.BAD_REQUEST)
    keys = [one for one in logs if one.name == head.origin]
    if not keys:
        return Decision(status=Status.NOT_FOUND)
    if not any(_is_signed(asked.note, key) for key in keys):
        return Decision(status=Status.FORBIDDEN)
    if asked.old > head.size:
        return Decision(status=Status.BAD_REQUEST)
    last = known.get(head.origin) or Checkpoint(origin=head.origin, size=0, root=EMPTY)
    if asked.old != last.size or (head.size == last.size and head.root != last.root):
        return Decision(status=Status.CONFLICT, size=last.size)
    if not _extends(head, last, asked.proof):
        return Decision(status=Status.UNPROCESSABLE_ENTITY)
    return Decision(status=Status.OK, head=head, text=text, note=asked.note)


def _is_signed(note: str, key: Verifier) -> bool:
    try:
        opened(note, key)
    except BadNote:
        return False
    return True


def _extends(head: Checkpoint, last: Checkpoint, proof: Sequence[bytes]) -> bool:
    """Whether the proof holds; to extend nothing, or to be the same, needs none and allows none."""
    if last.size == 0:
        return not proof
    return is_consistent(last.size, head.size, last.root, head.root, proof)
