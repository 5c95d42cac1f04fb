"""The cosigned heads that go into a case file: of each witness the first after each event, and the newest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from mailer.flows.case_folder import CaseFolder
from mailer.record.cosignature import answered
from mailer.record.note import COSIGNATURE, BadKey, BadNote, parts_of, verifier_of
from mailer.record.package import WITNESSES, Tree
from mailer.record.package_stamps import is_head_of
from mailer.record.package_witnesses import MOST_LINES, cosigned_path, is_whole
from mailer.store import cosignatures
from mailer.store.cosignatures import ToldCosignature
from mailer.store.session import Tx

#: Signature lines by key of the witness (a vkey).
Lines = dict[str, str]


async def write_cosignatures(tx: Tx, folder: CaseFolder, tree: Tree, events: Sequence[int]) -> int:
    """Write heads with the lines of their witnesses alone, and the keys of these; returns how many heads.

    `events`: the indices of the case's entries, in order.
    """
    heads, chosen = await _held(tx, tree), dict[int, Lines]()
    for witness in {witness for _, lines in heads.values() for witness in lines}:
        sizes = sorted(size for size, (_, lines) in heads.items() if witness in lines)
        places = {bisect_right(sizes, index) for index in events} - {len(sizes)}
        for size in {*(sizes[place] for place in places), sizes[-1]}:
            chosen.setdefault(size, {})[witness] = heads[size][1][witness]
    for size, lines in sorted(chosen.items()):
        note = "".join((heads[size][0], "\n", *(lines[witness] for witness in sorted(lines)[:MOST_LINES])))
        folder.write(cosigned_path(size), (note.encode(),))
    if chosen:
        keys = sorted({witness for lines in chosen.values() for witness in lines})
        folder.write(WITNESSES, ("".join(f"{key}\n" for key in keys).encode(),))
    return len(chosen)


async def _held(tx: Tx, tree: Tree) -> dict[int, tuple[str, Lines]]:
    """Return the text of each head of these entries that is cosigned, and the lines over it that hold, by size."""
    found = dict[int, tuple[str, Lines]]()
    async for one in cosignatures.told(tx):
        witness, text = str(one.said.get("witness")), _text_under(one, tree)
        if text and one.size is not None and one.line is not None:
            _, lines = found.get(one.size, ("", {}))
            found[one.size] = (text, lines | {witness: one.line})
    return found


def _text_under(one: ToldCosignature, tree: Tree) -> str:
    """Return the text of the head when it is one of these entries and the cosignature over it holds, else ""."""
    if one.size is None or one.line is None or not 0 < one.size <= len(tree.levels[0]):
        return ""
    try:
        text, _ = parts_of(one.note or "")
        answered(one.line, text, verifier_of(str(one.said.get("witness")), COSIGNATURE))
    except (BadKey, BadNote):
        return ""
    note = f"{text}\n{one.line}".encode()
    return text if is_head_of(note, tree, one.size) and is_whole(note) else ""
