"""The time stamps in a case file: each beside the head it stamps, whose root must follow from the entries.

Whose the signatures are is only checked against certificates that the reader brings: those in the folder come from
whoever made it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping

from mailer.record.package import ANCHORS, COSIGNED_HEAD, WITNESSES, Tree, head_path, stamp_path
from mailer.record.package_flaws import Flaw, Flawed
from mailer.record.stamp import MOST_BYTES, Trusted, checked

#: Beside them may stand how to check them, and the certificates that the maker trusts.
COMMANDS, AUTHORITY = f"{ANCHORS}/commands.txt", f"{ANCHORS}/tsa-ca.pem"
_NAME = re.compile(r"([1-9][0-9]{0,17})\.(tsr|checkpoint)")
_HEAD = re.compile(rb"[\n -~\xe2\x80\x94]+\n")
#: SHA-256 as a MessageImprint names it, with and without parameters, and 32 bytes to follow; hexadecimal.
_IMPRINTS = tuple(f"0609608648016503040201{parameters}0420" for parameters in ("0500", ""))


def names(token: bytes, data: bytes) -> bool:
    """Whether a time stamp has the imprint of the data in it."""
    digest, text = hashlib.sha256(data).hexdigest(), token.hex()
    return any(imprint + digest in text for imprint in _IMPRINTS)


def is_head_of(note: bytes, tree: Tree, size: int) -> bool:
    """Whether a head says the size and the root of the tree's first leaves; who signed it does not matter here."""
    lines = note.split(b"\n") if _HEAD.fullmatch(note) else []
    root = base64.b64encode(tree.root_of(size))
    return lines[1:3] == [str(size).encode(), root]


def stamp_flaws(stamped: Mapping[str, bytes], tree: Tree, trusted: Trusted | None) -> Iterator[Flawed]:
    """Check the files of the anchors, by path, but those of witnesses. `trusted`: None to check no signatures."""
    sizes = set[int]()
    about_stamps = {path for path in stamped if not path.endswith(COSIGNED_HEAD)}
    for path in sorted(about_stamps - {COMMANDS, AUTHORITY, WITNESSES}):
        found = _NAME.fullmatch(path.removeprefix(f"{ANCHORS}/"))
        if found is None or int(found[1]) > len(tree.levels[0]):
            yield Flawed(what=Flaw.STAMP_MISMATCH, words="no time stamp of an entry of this log", file=path)
        else:
            sizes.add(int(found[1]))
    for size in sorted(sizes):
        yield from _flaws_of(stamped, tree, size, trusted)
    if trusted is not None and not sizes:
        yield Flawed(what=Flaw.STAMP_MISSING, words="there are no time stamps to check", file=ANCHORS)


def _flaws_of(stamped: Mapping[str, bytes], tree: Tree, size: int, trusted: Trusted | None) -> Iterator[Flawed]:
    file = stamp_path(size)
    token, note = stamped.get(file), stamped.get(head_path(size))
    if token is None or note is None:
        yield Flawed(what=Flaw.STAMP_MISSING, words="a time stamp or the head that it stamps is missing", file=file)
    elif len(token) > MOST_BYTES or len(note) > MOST_BYTES or not is_head_of(note, tree, size):
        words = f"this is not the head of the first {size} entries"
        yield Flawed(what=Flaw.STAMP_MISMATCH, words=words, file=head_path(size))
    elif not names(token, note):
        yield Flawed(what=Flaw.STAMP_MISMATCH, words="it stamps something else than the head beside it", file=file)
    elif trusted is not None and (stamp := checked(token, note, trusted)).trouble:
        yield Flawed(what=Flaw.STAMP_REFUSED, words=stamp.words, file=file)
