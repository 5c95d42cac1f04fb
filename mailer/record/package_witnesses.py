"""The cosignatures in a case file: heads of the log, each with the lines of witnesses, and the keys these fit.

Every line must fit a key in the folder. Whose the keys are only shows against those that the reader brings: the ones
in the folder come from whoever made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mailer.record.cosignature import cosignature_in
from mailer.record.note import COSIGNATURE, BadKey, BadNote, Verifier, signatures_by, verifier_of
from mailer.record.package import ANCHORS, COSIGNED_HEAD, WITNESSES, Tree
from mailer.record.package_flaws import Flaw, Flawed
from mailer.record.package_stamps import is_head_of
from mailer.record.stamp import MOST_BYTES

#: Cosignatures that one head may have.
MOST_LINES = 16
_PATH = re.compile(re.escape(ANCHORS) + r"/([1-9][0-9]{0,17})\.cosigned")
_NAME = rb"[!-*,-~]{1,200}"
_KEYS = re.compile(rb"(" + _NAME + rb"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n)+")
_COSIGNED = re.compile(
    rb"[A-Za-z0-9._/-]{1,200}\n[1-9][0-9]{0,17}\n[A-Za-z0-9+/]{43}=\n\n"
    rb"(\xe2\x80\x94 " + _NAME + rb" [A-Za-z0-9+/]{102}==\n){1,%d}" % MOST_LINES
)


def cosigned_path(size: int) -> str:
    """Return the path of the head of so many entries with the lines of witnesses."""
    return f"{ANCHORS}/{size}{COSIGNED_HEAD}"


def is_whole(note: bytes) -> bool:
    """Whether it is written as a cosigned head in a case file is: a head's three lines and up to 16 cosignatures."""
    return bool(_COSIGNED.fullmatch(note))


def cosignatures_in(anchors: Mapping[str, bytes]) -> int:
    """Return how many cosignatures there are among the files of the anchors."""
    return sum(_lines(raw) for path, raw in anchors.items() if path.endswith(COSIGNED_HEAD))


def _lines(note: bytes) -> int:
    return note.rpartition(b"\n\n")[2].count(b"\n")


def witnesses_in(keys: bytes) -> tuple[Verifier, ...]:
    """Return the keys of a file with a vkey a line. Raises BadKey."""
    if len(keys) > MOST_BYTES or not _KEYS.fullmatch(keys):
        raise BadKey("these are not public keys of witnesses (name+id+base64, one a line)")
    return tuple(dict.fromkeys(verifier_of(line, COSIGNATURE) for line in keys.decode().splitlines()))


def cosignature_flaws(anchors: Mapping[str, bytes], tree: Tree, brought: Sequence[Verifier] | None) -> Iterator[Flawed]:
    """Check the cosigned heads among the files of the anchors. `brought`: the reader's own keys, None for none."""
    notes = {path: raw for path, raw in anchors.items() if path.endswith(COSIGNED_HEAD)}
    try:
        known = witnesses_in(anchors[WITNESSES]) if notes or WITNESSES in anchors else ()
    except (BadKey, KeyError):
        words = "there are no keys of witnesses (name+id+base64, one a line) to check the cosigned heads with"
        yield Flawed(what=Flaw.COSIGNATURE_FALSE, words=words, file=WITNESSES)
        return
    held = 0
    for path, note in sorted(notes.items()):
        yield from (flaws := list(_flaws_of(path, note, tree, known)))
        for verifier in () if flaws else brought or ():
            held += _is_by(note, verifier)
    if brought is not None and not held:
        words = "no head is cosigned with a key that you brought"
        yield Flawed(what=Flaw.COSIGNATURE_MISSING, words=words, file=ANCHORS)


def _flaws_of(path: str, note: bytes, tree: Tree, known: Sequence[Verifier]) -> Iterator[Flawed]:
    size = int(found[1]) if (found := _PATH.fullmatch(path)) else 0
    if not 0 < size <= len(tree.levels[0]) or not is_whole(note) or not is_head_of(note, tree, size):
        words = "this is not a cosigned head of so many entries of this log"
        yield Flawed(what=Flaw.COSIGNATURE_MISMATCH, words=words, file=path)
    elif _lines(note) != sum(_is_by(note, verifier) for verifier in known):
        words = f"a line of it is not by a witness in {WITNESSES}, or not over this head"
        yield Flawed(what=Flaw.COSIGNATURE_FALSE, words=words, file=path)


def _is_by(note: bytes, verifier: Verifier) -> int:
    """Return how many lines are by this witness; all of them must hold, else 0."""
    text, _, lines = note.decode().rpartition("\n\n")
    mine = [line for line in lines.splitlines() if _bears(line, verifier)]
    try:
        for line in mine:
            cosignature_in([line], f"{text}\n", verifier)
    except BadNote:
        return 0
    return len(mine)


def _bears(line: str, verifier: Verifier) -> bool:
    try:
        return bool(signatures_by([line], verifier))
    except BadNote:
        return False
