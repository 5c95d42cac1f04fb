"""The keys of a log, one after the other: each signed for a time, and every head is held to the key of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailer.record.checkpoint import Checkpoint, checkpoint_of
from mailer.record.leaf import NotALeaf, leaf_of
from mailer.record.note import BadKey, BadNote, Verifier, verifier_of

#: The events by which one key follows another: in a new log after entries were lost, or in the same one.
RESTARTED, ROTATED = "log.restarted", "log.key_rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reign:
    """A key and what it signed: trees of up to `until` leaves (None: it still signs).

    `given_up`: the note of its last head when the record no longer has what that counts. `tags_lost`: the key of the
    tags went with it, so whose case a leaf is about cannot be computed any more for the first `until` leaves.
    """

    verifier: Verifier
    until: int | None = None
    given_up: str = ""
    tags_lost: bool = False


def reigns_of(handovers: Sequence[Mapping[str, Any]], present: Verifier) -> tuple[Reign, ...]:
    """Return the reigns that payloads of RESTARTED and ROTATED events tell of, in their order, and the present one.

    A payload that tells of none is left out: what it should say shows as changed words.
    """
    past = []
    for said in handovers:
        try:
            verifier, until = verifier_of(str(said["old_key"])), int(said["until"])
        except (BadKey, KeyError, TypeError, ValueError):
            continue
        given_up, tags_lost = str(said.get("given_up") or ""), said.get("tags_lost") is True
        past.append(Reign(verifier=verifier, until=until, given_up=given_up, tags_lost=tags_lost))
    return (*past, Reign(verifier=present))


def head_by(note: str, reigns: Sequence[Reign]) -> tuple[Checkpoint, Reign]:
    """Return a signed head and whose it is, the newest key's first. Raises BadNote when none of them signed it."""
    problems = []
    for reign in reversed(reigns):
        try:
            return checkpoint_of(note, reign.verifier), reign
        except BadNote as problem:
            problems.append(problem)
    raise problems[0]


def is_given_up(head: Checkpoint, reign: Reign) -> bool:
    """Whether a head counts leaves after the last that its key signed for."""
    return reign.until is not None and head.size > reign.until


class LearnedTags:
    """The tags of leaves whose key is lost: whose tag is whose is taken from the leaves, but each has only one."""

    def __init__(self) -> None:
        self._tags: dict[str, str] = {}
        self._owners: dict[str, str] = {}

    def tag(self, body: bytes, case_id: str | None, customer_id: str | None) -> str:
        """Return the tag that the leaf with these bytes should have; one that no leaf has when it is another's."""
        about = case_id or customer_id or ""
        try:
            said = leaf_of(body).case_tag
        except NotALeaf:
            return ""  # that is told by itself
        if not about or not said:
            return ""
        owner = self._owners.setdefault(said, about)
        return self._tags.setdefault(about, said) if owner == about else "of another"
