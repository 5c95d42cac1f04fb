"""What can come of handing a message to a channel, and the states of an outgoing message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """How far an attempt got. Up to `DATA` the peer certainly has not got the message; from `BODY` on it may have."""

    #: Nothing was tried: refused unread by our own guard, or the lease was gone.
    NONE = "none"
    #: TCP, TLS, greeting, EHLO.
    CONNECT = "connect"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    #: DATA was issued, 354 had not come.
    DATA = "data"
    #: 354 came; bytes of the message may have left, the final dot had not been handed over whole.
    BODY = "body"
    #: The final dot was written; its answer was awaited or came.
    DOT = "dot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The peer took responsibility (SMTP 2xx after the final dot). `text` is its reply, verbatim, with the code."""

    text: str
    peer: str = ""
    tls: str = ""
    phase: Phase = Phase.DOT
    code: int | None = None
    enhanced: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Certainly not accepted, for a passing reason (4xx, or a link lost before the body began).

    `account`: it is about our account or the link (connection, login, 421, "too many"), not about this message: other
    messages would fare the same. `retry_after_seconds`: how long the server asked us to wait, None when it did not.
    """

    text: str
    peer: str = ""
    tls: str = ""
    phase: Phase = Phase.CONNECT
    code: int | None = None
    enhanced: str = ""
    account: bool = False
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Certainly not accepted, for good (5xx). `recipient`: the address itself was refused (5.1.x, RFC 3463)."""

    text: str
    recipient: bool
    peer: str = ""
    tls: str = ""
    phase: Phase = Phase.NONE
    code: int | None = None
    enhanced: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The link was lost after the body began: perhaps delivered, perhaps not (RFC 1047). Never resent by itself."""

    text: str
    peer: str = ""
    tls: str = ""
    phase: Phase = Phase.BODY
    code: int | None = None
    enhanced: str = ""


Outcome = Accepted | TryLater | Refused | Unknown


class OutboxState(StrEnum):
    """Where an outgoing message stands."""

    QUEUED = "queued"
    LEASED = "leased"
    #: DATA may have been issued; committed before it is.
    IN_DATA = "in_data"
    SENT = "sent"
    #: Will be tried again at `due_at`.
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"
    #: Stopped before sending because the facts changed; its step claims were freed.
    CANCELLED = "cancelled"
    #: Its useful time passed before it could be sent; its step claims were freed.
    EXPIRED = "expired"


#: The whole state machine: from → the states it may become.
TRANSITIONS: dict[OutboxState, frozenset[OutboxState]] = {
    OutboxState.QUEUED: frozenset({OutboxState.LEASED, OutboxState.CANCELLED, OutboxState.EXPIRED}),
    OutboxState.DEFERRED: frozenset({OutboxState.LEASED, OutboxState.CANCELLED, OutboxState.EXPIRED}),
    OutboxState.LEASED: frozenset(
        {
            OutboxState.QUEUED,
            OutboxState.IN_DATA,
            OutboxState.DEFERRED,
            OutboxState.FAILED,
            OutboxState.CANCELLED,
            OutboxState.EXPIRED,
        }
    ),
    OutboxState.IN_DATA: frozenset({OutboxState.SENT, OutboxState.DEFERRED, OutboxState.FAILED, OutboxState.UNKNOWN}),
    OutboxState.UNKNOWN: frozenset({OutboxState.SENT, OutboxState.FAILED}),
    OutboxState.SENT: frozenset(),
    OutboxState.FAILED: frozenset(),
    OutboxState.CANCELLED: frozenset(),
    OutboxState.EXPIRED: frozenset(),
}

#: A step claim in one of these states counts as "this rung was said" and is never freed.
SAID = frozenset({OutboxState.SENT, OutboxState.UNKNOWN, OutboxState.IN_DATA})
