"""The circuit breaker of one account: pure bookkeeping on a clock that is passed in (seconds, any steady origin).

A server that is down or wants no more of us is left alone, for longer each time; then one delivery tries whether it
has come back, and only when that one gets through do the others follow.
"""

from __future__ import annotations

#: Consecutive failures of the account that open it.
FAILURES = 3
FIRST_REST_SECONDS = 30.0
MOST_REST_SECONDS = 900.0
#: Wrong passwords, tried again and again, lock accounts.
LOGIN_REST_SECONDS = 300.0
#: What others are told while one delivery tries.
PROBE_REST_SECONDS = 1.0


class Ticket:
    """Lets one delivery touch the network, and says later whose word it is."""


class Breaker:
    """Closed (go), open (rest), or half-open (one probe is under way).

    Whoever was let in by `enter` says how it went: `proved`, `passed`, `failed`, and in the end always `left`.
    """

    def __init__(self) -> None:
        #: The account's last failure, in the server's words.
        self.why = ""
        self._failures = 0
        self._rest_seconds = 0.0
        self._until_seconds = 0.0
        self._open = False
        self._probe: Ticket | None = None

    def rest_seconds(self, now_seconds: float) -> float:
        """Return for how long to rest; 0.0 means go."""
        if not self._open:
            return 0.0
        if self._probe is not None:
            return PROBE_REST_SECONDS
        return max(self._until_seconds - now_seconds, 0.0)

    def enter(self, now_seconds: float) -> Ticket | None:
        """Let a delivery touch the network, or not; when open, the first one after the rest is the probe."""
        if self.rest_seconds(now_seconds):
            return None
        ticket = Ticket()
        if self._open:
            self._probe = ticket
        return ticket

    def proved(self, ticket: Ticket) -> None:
        """The account works so far: the others need not wait for the probe's end. A failure still counts on."""
        if ticket is self._probe:
            self._open, self._probe = False, None

    def passed(self, ticket: Ticket) -> None:
        """The account works. What was under way when it opened proves nothing about a new session."""
        self.proved(ticket)
        if not self._open:
            self._failures, self._rest_seconds, self.why = 0, 0.0, ""

    def failed(self, ticket: Ticket, now_seconds: float, why: str, *, at_least_seconds: float = 0.0) -> None:
        """The account failed; `at_least_seconds` opens it at once for as long (a login refusal, the server's wish)."""
        self.why = why
        if self._open and ticket is not self._probe:  # it was under way when it opened: the same trouble
            self._until_seconds = max(self._until_seconds, now_seconds + at_least_seconds)
            return
        self._failures += 1
        if self._failures >= FAILURES or at_least_seconds:
            doubled = self._rest_seconds * 2 or FIRST_REST_SECONDS
            self._rest_seconds = min(doubled, MOST_REST_SECONDS)
            self._until_seconds = now_seconds + max(self._rest_seconds, at_least_seconds)
            self._open = True
        self._probe = None

    def left(self, ticket: Ticket) -> None:
        """It is gone; when it was the probe and said nothing (cancelled), the next one may try."""
        if ticket is self._probe:
            self._probe = None
