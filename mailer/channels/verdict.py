"""From the server's words to an `Outcome`: pure (RFC 5321 §4.2 replies, RFC 3463 enhanced codes)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from mailer.domain.delivery import Accepted, Outcome, Refused, TryLater, Unknown

_ENHANCED = re.compile(r"\A[245]\.(\d{1,3})\.(\d{1,3})\b")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

#: Refusals that speak about our login or our session, not about this message: another day they pass.
_ABOUT_THE_SESSION = frozenset({503, 530, 534, 535, 538})
#: RCPT refusals without an enhanced code that speak about the mailbox (RFC 5321 §4.2.3, RFC 7504).
_ABOUT_THE_MAILBOX = frozenset({550, 551, 553, 556})
#: Enhanced codes as (subject, detail), RFC 3463 §3. 5.1.7 and 5.1.8 are about the *sender's* address.
_BAD_SENDER = frozenset({(1, 7), (1, 8)})
#: At RCPT: mailbox disabled; "recipient rejected" of Exchange Online; no route to the recipient's domain.
_UNREACHABLE = frozenset({(2, 1), (4, 1), (4, 4)})
#: "550 5.4.5 Daily sending limit exceeded" (Google): our account's limit, over tomorrow.
_CONGESTED = (4, 5)


class Stage(Enum):
    """The command a reply answers. From `DATA` on, silence means that nobody knows."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "the message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One SMTP reply; lines of a long one are joined by a line feed. A `code` of -1 is no SMTP at all."""

    code: int
    words: str

    @property
    def text(self) -> str:
        """The reply as it was spoken, code first, fit for any database (no NUL, no lone surrogate)."""
        return _NOT_TEXT.sub("\ufffd", f"{self.code} {self.words}".strip())

    def kind(self) -> int:
        """Return the first digit: 2 done, 3 go on, 4 not now, 5 never; anything else is no SMTP."""
        return self.code // 100

    def enhanced(self) -> tuple[int, int] | None:
        """Return subject and detail of the enhanced code (RFC 2034: it leads the words), None without one."""
        found = _ENHANCED.match(self.words)
        return (int(found[1]), int(found[2])) if found else None


def verdict(reply: Reply, *, stage: Stage, peer: str, tls: str) -> Outcome:
    """Return what this reply makes of the message; for replies that end the attempt.

    A 4xx or 5xx is definite at every stage. Anything that is neither a refusal nor the wanted success leaves it
    open once DATA was issued, and counts as "not accepted" before.
    """
    match reply.kind():
        case 2 if stage is Stage.BODY:
            return Accepted(text=reply.text, peer=peer, tls=tls)
        case 5 if reply.code not in _ABOUT_THE_SESSION and reply.enhanced() != _CONGESTED:
            to_blame = _recipient_refused(reply, stage)
            return Refused(text=reply.text, recipient=to_blame, peer=peer, tls=tls, code=reply.code)
        case 4 | 5:
            return TryLater(text=reply.text, peer=peer, tls=tls, code=reply.code)
        case _:
            text = f"unintelligible answer to {stage.value}: {reply.text}"
            after_data = stage in {Stage.DATA, Stage.BODY}
            return (Unknown if after_data else TryLater)(text=text, peer=peer, tls=tls)


def _recipient_refused(reply: Reply, stage: Stage) -> bool:
    """Tell whether a 5xx means that this address is no good, and not our relaying, content or reputation.

    The difference decides whether an address is suppressed: "550 5.7.1 relaying denied" at RCPT would otherwise
    silence every customer because of one wrong setting of ours.
    """
    enhanced = reply.enhanced()
    if enhanced is None:
        return stage is Stage.RCPT and reply.code in _ABOUT_THE_MAILBOX
    if enhanced in _UNREACHABLE:
        return stage is Stage.RCPT
    return enhanced[0] == 1 and enhanced not in _BAD_SENDER and stage is not Stage.MAIL
