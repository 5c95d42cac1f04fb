"""From the server's words to an `Outcome`: pure (RFC 5321 §4.2 replies, RFC 3463 enhanced codes)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.channels.retry_after import retry_after_seconds
from mailer.domain.delivery import Accepted, Outcome, Phase, Refused, TryLater, Unknown

_ENHANCED = re.compile(r"\A([245]\.(\d{1,3})\.(\d{1,3}))\b")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
#: The rest of a long reply is the same again: enough for a person, and for a database row.
_MOST_CHARACTERS = 2000

#: Codes that speak about our login (RFC 4954 §6), not about this message: another day they pass.
_ABOUT_THE_LOGIN = frozenset({530, 534, 535, 538})
#: "Bad sequence" of a server that wants a login first, or has lost its place: a new session puts it right.
_OUT_OF_STEP = 503
#: Closing; too many connections (Exchange Online); no login now.
_ABOUT_THE_ACCOUNT = frozenset({421, 432, 454}) | _ABOUT_THE_LOGIN
#: As (subject, detail): no messages now; slow down (4.7.0); daily limits of Google (5.4.5) and Microsoft (5.1.90).
_ACCOUNT_DETAILS = frozenset({(3, 2), (7, 0)})
_DAILY_LIMITS = frozenset({(4, 5), (1, 90)})
_LIMIT_WORDS = re.compile(
    r"too many (?:concurrent |simultaneous )?(?:connections|sessions|logins)"
    r"|(?:concurrent )?connections? limit"
    r"|(?:daily|hourly|sending|submission|relay)(?: \w+){0,2} (?:limit|quota)",
    re.IGNORECASE,
)
#: RCPT refusals without an enhanced code that speak about the mailbox (RFC 5321 §4.2.3, RFC 7504).
_ABOUT_THE_MAILBOX = frozenset({550, 551, 553, 556})
#: Enhanced codes as (subject, detail), RFC 3463 §3. 5.1.7 and 5.1.8 are about the *sender's* address.
_BAD_SENDER = frozenset({(1, 7), (1, 8)})
#: At RCPT: mailbox disabled; "recipient rejected" of Exchange Online; no route to the recipient's domain.
_UNREACHABLE = frozenset({(2, 1), (4, 1), (4, 4)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One SMTP reply; lines of a long one are joined by a line feed. A `code` of -1 is no SMTP at all."""

    code: int
    words: str

    @property
    def text(self) -> str:
        """The reply as it was spoken, code first, fit for any database (no NUL, no lone surrogate, 2000 characters)."""
        return _NOT_TEXT.sub("\ufffd", f"{self.code} {self.words[:_MOST_CHARACTERS]}".strip())

    @property
    def enhanced(self) -> str:
        """The enhanced code ("5.1.1") that leads the words (RFC 2034), "" without one."""
        found = _ENHANCED.match(self.words)
        return found[1] if found else ""

    @property
    def known_code(self) -> int | None:
        """The code, None when what came is no SMTP."""
        return self.code if self.code > 0 else None

    def kind(self) -> int:
        """Return the first digit: 2 done, 3 go on, 4 not now, 5 never; anything else is no SMTP."""
        return self.code // 100

    def accepts(self) -> bool:
        """Tell whether the mail system (x5z) says: done (2yz). A greeting or a goodbye takes no message (§4.2.1)."""
        return self.code // 10 == 25  # noqa: PLR2004 -- 25z

    def detail(self) -> tuple[int, int] | None:
        """Return subject and detail of the enhanced code, None without one."""
        found = _ENHANCED.match(self.words)
        return (int(found[2]), int(found[3])) if found else None


def verdict(reply: Reply, *, phase: Phase, peer: str, tls: str) -> Outcome:
    """Return what this reply makes of the message; for replies that end the attempt.

    `phase` is what the reply answers: MAIL, RCPT, DATA, or DOT for the message (BODY: before all of it had left).
    A 4xx or 5xx is definite in every phase. Anything that is neither a refusal nor the wanted success leaves it open
    once bytes of the message may have left, and counts as "not accepted" before.
    """
    text, enhanced, code = reply.text, reply.enhanced, reply.known_code
    match reply.kind():
        case 2 if phase is Phase.DOT and reply.accepts():
            return Accepted(text=text, peer=peer, tls=tls, phase=phase, code=code, enhanced=enhanced)
        case 5 if not _passes(reply):
            blame = _recipient_refused(reply, phase)
            return Refused(text=text, recipient=blame, peer=peer, tls=tls, phase=phase, code=code, enhanced=enhanced)
        case 4 | 5:
            return TryLater(
                text=text,
                peer=peer,
                tls=tls,
                phase=phase,
                code=code,
                enhanced=enhanced,
                account=about_the_account(reply, phase),
                retry_after_seconds=retry_after_seconds(reply.words),
            )
        case _ if phase in {Phase.BODY, Phase.DOT}:
            text = f"unintelligible answer to the message: {text}"
            return Unknown(text=text, peer=peer, tls=tls, phase=phase, code=code, enhanced=enhanced)
        case _:
            text = f"unintelligible answer to {phase.name}: {text}"
            return TryLater(text=text, peer=peer, tls=tls, phase=phase, code=code, enhanced=enhanced)


def about_the_account(reply: Reply, phase: Phase) -> bool:
    """Tell whether other messages would fare the same: our login, our limits, the server's state of health."""
    if reply.code in _ABOUT_THE_ACCOUNT or reply.detail() in _ACCOUNT_DETAILS | _DAILY_LIMITS:
        return True
    if reply.code == _OUT_OF_STEP and phase is Phase.MAIL:
        return True
    return _LIMIT_WORDS.search(reply.words) is not None


def _passes(reply: Reply) -> bool:
    """Tell whether a 5xx speaks about our login, session or limits, and so may pass for the same message."""
    if reply.code in _ABOUT_THE_LOGIN or reply.code == _OUT_OF_STEP or reply.detail() in _DAILY_LIMITS:
        return True
    return _LIMIT_WORDS.search(reply.words) is not None


def _recipient_refused(reply: Reply, phase: Phase) -> bool:
    """Tell whether a 5xx means that this address is no good, and not our relaying, content or reputation.

    The difference decides whether an address is suppressed: "550 5.7.1 relaying denied" at RCPT would otherwise
    silence every customer because of one wrong setting of ours.
    """
    detail = reply.detail()
    if detail is None:
        return phase is Phase.RCPT and reply.code in _ABOUT_THE_MAILBOX
    if detail in _UNREACHABLE:
        return phase is Phase.RCPT
    return detail[0] == 1 and detail not in _BAD_SENDER and phase is not Phase.MAIL
