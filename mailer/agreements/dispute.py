"""Disputes: which states follow which."""

from __future__ import annotations

from mailer.domain.agreement import DisputeState

#: The whole table: from → the states it may become. Only a person opens or closes one; a mail makes drafts (law 4).
TRANSITIONS: dict[DisputeState, frozenset[DisputeState]] = {
    DisputeState.DRAFT: frozenset({DisputeState.OPEN, DisputeState.CLOSED}),
    DisputeState.OPEN: frozenset({DisputeState.CLOSED}),
    DisputeState.CLOSED: frozenset(),
}
