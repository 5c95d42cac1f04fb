"""The time stamps that go into a case file: for each event of the case the first one after it, and the newest."""

from __future__ import annotations

import shlex
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from mailer.flows.case_folder import CaseFolder
from mailer.record.package import Tree, head_path, stamp_path
from mailer.record.package_stamps import AUTHORITY, COMMANDS, is_head_of, names
from mailer.record.stamp import OBTAINED, checked
from mailer.store import stamps
from mailer.store.session import Tx

_ABOUT = """\
# How each time stamp in this folder is checked with OpenSSL, from the folder that VERIFY.txt is in. CA.pem: the
# certificates of whoever stamped. Get them from there: {own}
# The moment given is that of the stamp, so that it can be checked after certificates have run out, too.
# Each shows that the first so many lines of data/audit/entries.ndjson were there at that moment; that the head it
# stamps follows from them is what bash VERIFY.txt checks.
"""
_OWN = "tsa-ca.pem has those that the maker of this folder trusts."
_NO_OWN = "the maker of this folder had none to compare."


async def write_stamps(tx: Tx, folder: CaseFolder, tree: Tree, events: Sequence[int], authority: bytes) -> int:
    """Write stamps, the heads they stamp, and how to check them; returns how many.

    `events`: the indices of the case's entries, in order. `authority`: PEM, b"" for none.
    """
    chosen = await _chosen(tx, tree, events)
    lines = [_ABOUT.format(own=_OWN if authority else _NO_OWN)]
    for size, (token, note) in sorted(chosen.items()):
        folder.write(stamp_path(size), (token,))
        folder.write(head_path(size), (note,))
        lines.append(_command(size, checked(token, note, ()).at))
    if chosen:
        folder.write(COMMANDS, ("".join(lines).encode(),))
    if chosen and authority:
        folder.write(AUTHORITY, (authority,))
    return len(chosen)


async def _chosen(tx: Tx, tree: Tree, events: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
    """Return (token, head) by size. Those that were verified come first; of one size the oldest."""
    whole = len(tree.levels[0])
    verified, others = dict[int, tuple[bytes, bytes]](), dict[int, tuple[bytes, bytes]]()
    async for one in stamps.told(tx):
        if one.size is None or one.token is None or one.note is None or not 0 < one.size <= whole:
            continue
        note = one.note.encode()
        if names(one.token, note) and is_head_of(note, tree, one.size):
            (verified if one.type == OBTAINED else others).setdefault(one.size, (one.token, note))
    usable = verified or others
    sizes = sorted(usable)
    places = {bisect_right(sizes, index) for index in events} - {len(sizes)}
    return {size: usable[size] for size in {*(sizes[place] for place in places), *sizes[-1:]}}


def _command(size: int, at: datetime | None) -> str:
    moment = f" -attime {int(at.timestamp())}" if at else ""
    files = f"-in {shlex.quote(stamp_path(size))} -data {shlex.quote(head_path(size))}"
    when = f"# {at:%Y-%m-%d %H:%M:%S} UTC\n" if at else "# a stamp whose time could not be read\n"
    return f"{when}openssl ts -verify {files} -CAfile CA.pem -untrusted CA.pem{moment}\n"
