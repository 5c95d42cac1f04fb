"""How much mail to ask for at once."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.mailbox.mailbox import MAX_FETCH

#: One command's worth: 20 messages of 500 kB.
BATCH_OCTETS = 10_000_000
#: A message above this goes alone.
ALONE_OCTETS = 5_000_000


def batches(sizes: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    """Cut UIDs into ascending groups of at most 50 messages and 10 MB; a message above 5 MB is a group of its own.

    Args:
        sizes: octets by UID.
    """
    groups: list[tuple[int, ...]] = []
    group: list[int] = []
    octets = 0
    for uid in sorted(sizes):
        alone = sizes[uid] > ALONE_OCTETS
        if group and (alone or len(group) == MAX_FETCH or octets + sizes[uid] > BATCH_OCTETS):
            groups.append(tuple(group))
            group, octets = [], 0
        if alone:
            groups.append((uid,))
        else:
            group.append(uid)
            octets += sizes[uid]
    return (*groups, tuple(group)) if group else tuple(groups)
