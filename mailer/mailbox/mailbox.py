"""What a mailbox promises to the flows: what is there is never changed; a message is added only by `append`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from mailer.domain.unavailable import Unavailable

#: Most UIDs one `fetch` takes.
MAX_FETCH = 50


class MailboxError(Unavailable):
    """The mailbox cannot be read; whatever the reason, the connection is closed."""


class MailboxUnreachable(MailboxError):
    """The server is down, silent or lost the link: try again later on a new connection."""


class MailboxRefused(MailboxError):
    """Wrong password, missing folder, untrusted certificate: only a person can put it right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """A folder at one moment (RFC 3501 §2.3.1.1): UIDs mean something only together with `uidvalidity`."""

    uidvalidity: int
    #: No message that is here now has this UID or a higher one.
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedMail:
    """One message exactly as the server holds it. `internal_date`: arrival in UTC, None when unreadable.

    `truncated`: too big to take, `raw` is only its header block.
    """

    uid: int
    raw: bytes
    internal_date: datetime | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxProbe:
    """What `Mailbox.probe` found: server as host:port, TLS version or "", the folder's state, names of all folders."""

    peer: str
    tls: str
    state: FolderState
    folders: tuple[str, ...]


class Mailbox(Protocol):
    """A view of one account, one folder at a time, that only `append` adds to; every call has a deadline.

    Every method raises `MailboxUnreachable` or `MailboxRefused`; after either (or a cancellation) the connection is
    closed and `connect` must be called again.
    """

    async def connect(self) -> None:
        """Open a connection and log in; first closes one that is still there."""
        ...

    async def close(self) -> None:
        """Log out and close; harmless when closed."""
        ...

    async def examine(self, folder: str) -> FolderState:
        """Open a folder for reading only (EXAMINE) and make it the one the other calls speak of.

        To be called at every look: servers may go on showing the folder as it was (measured on pymap).
        """
        ...

    async def uids_after(self, uid: int) -> tuple[int, ...]:
        """Return the UIDs above this one, ascending; mail that came after the last `examine` may be missing."""
        ...

    async def uids_since(self, day: date) -> tuple[int, ...]:
        """Return the UIDs of mail that arrived on or after this day *of the server's time zone*, ascending."""
        ...

    async def sizes(self, uids: tuple[int, ...]) -> Mapping[int, int]:
        """Return octets by UID, as the server states them; UIDs it does not know are missing."""
        ...

    async def fetch(self, uids: tuple[int, ...], sizes: Mapping[int, int] | None = None) -> tuple[FetchedMail, ...]:
        """Return these messages (at most `MAX_FETCH`) by ascending UID, leaving them unread on the server.

        `sizes` are those that `sizes` has returned, asked for anew when not given: big messages are not taken blindly.
        Servers omit messages now and then and deliver them next time: what is missing in the answer belongs on the
        caller's retry list. All the bytes are in memory at once: cut long lists with `batches` first.
        """
        ...

    async def wait_for_news(self, seconds: float) -> bool:
        """Wait until the server tells of new mail in the examined folder (IDLE), at most so long; returns whether.

        Only a hint: it may say so without a cause, and a mail may come without it.
        """
        ...

    async def special_folders(self) -> Mapping[str, str]:
        r"""Return the names of the folders that the server gives a use, such as "\Sent" → "Sent Items" (RFC 6154).

        Where the server states no use, folders called "Sent", "Junk" and the like stand in.
        """
        ...

    async def find(self, header: str, value: str) -> tuple[int, ...]:
        """Return the UIDs in the examined folder whose header contains this ASCII text in any case, ascending.

        Servers may take some time to index what has just come: nothing found proves nothing.
        """
        ...

    async def append(self, folder: str, raw: bytes, *, at: datetime, seen: bool = True) -> None:
        """Put these very bytes into a folder, as arrived `at`, marked as read if `seen` (RFC 3501 §6.3.11).

        When it raises `MailboxUnreachable` for a lost link, the message may be there or not: look before trying again.
        A refusal (folder missing, quota) is `MailboxRefused`: it is not there.
        """
        ...

    async def probe(self, folder: str = "INBOX") -> MailboxProbe:
        """Try everything on a connection of its own: log in, open the folder, list the folders, log out."""
        ...
