"""A mailbox over IMAP4rev1 (RFC 3501): read by UID, added to on request, never hanging."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Self

from mailer.mailbox.answers import (
    FetchItems,
    appended_at,
    fetch_items,
    folder_names,
    folder_numbers,
    search_day,
    search_uids,
    special_names,
)
from mailer.mailbox.batches import batches
from mailer.mailbox.connection import connected, refusal
from mailer.mailbox.hardened import Answer, CommandFailed, ImapProtocol
from mailer.mailbox.mailbox import (
    MAX_FETCH,
    FetchedMail,
    FolderState,
    MailboxProbe,
    MailboxRefused,
    MailboxUnreachable,
)
from mailer.mailbox.settings import ImapSettings
from mailer.mailbox.wire import Response, encode_folder, quoted

__all__ = ["ImapMailbox", "ImapSettings"]

#: Of a bigger message only the headers are taken.
MAX_MESSAGE_OCTETS = 50 * 1024 * 1024
#: Keeps a command line below the 1,000 octets that RFC 2683 §3.2.1.5 asks for.
_SIZES_PER_COMMAND = 80
_SLOWEST_OCTETS_PER_SECOND = 20_000
_GOODBYE_SECONDS = 3.0
_WHOLE = "BODY.PEEK[]"
_HEADERS = "BODY.PEEK[HEADER]"


class ImapMailbox:
    """One account, seen through one connection; see `Mailbox`. Also `async with`: connects, and closes at the end."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._protocol: ImapProtocol | None = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Open a connection and log in; see `Mailbox.connect`."""
        await self.close()
        self._protocol = await connected(self._settings)

    async def close(self) -> None:
        """Log out and close, within a few seconds whatever the server does."""
        async with self._lock:
            protocol, self._protocol = self._protocol, None
            if protocol is None:
                return
            try:
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await protocol.ask("LOGOUT", idle_seconds=_GOODBYE_SECONDS)
            except (CommandFailed, TimeoutError, OSError):
                pass  # it is gone already
            finally:
                protocol.abort()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await asyncio.shield(protocol.lost)

    async def examine(self, folder: str) -> FolderState:
        """Open a folder for reading only; see `Mailbox.examine`.

        Raises:
            MailboxRefused: no such folder.
            MailboxUnreachable: see `Mailbox`.
        """
        answer = await self._ask("EXAMINE", quoted(encode_folder(folder)))
        if answer.result != "OK":
            self._drop()
            raise refusal(
                answer, f"the folder {folder!r} cannot be opened: check its name, `duly doctor` lists them all"
            )
        self._connection().folder_opened()
        uidvalidity, uidnext, exists = folder_numbers(answer.responses)
        if uidvalidity is None:
            self._drop()
            raise MailboxRefused(f"the server numbers nothing for good in {folder!r} (no UIDVALIDITY): use another one")
        if uidnext is None:  # old servers: what is there now is at least below this
            uidnext = max(await self._search("UID", "*"), default=0) + 1 if exists else 1
        return FolderState(uidvalidity=uidvalidity, uidnext=uidnext, exists=exists)

    async def uids_after(self, uid: int) -> tuple[int, ...]:
        """Return the UIDs above this one; see `Mailbox.uids_after`."""
        # "n:*" past the end means the last message (RFC 3501 §6.4.8), hence the filter.
        return tuple(found for found in await self._search("UID", f"{uid + 1}:*") if found > uid)

    async def uids_since(self, day: date) -> tuple[int, ...]:
        """Return the UIDs of mail that arrived since a day; see `Mailbox.uids_since`."""
        return await self._search("SINCE", search_day(day))

    async def sizes(self, uids: tuple[int, ...]) -> Mapping[int, int]:
        """Return octets by UID; see `Mailbox.sizes`."""
        sizes: dict[int, int] = {}
        for start in range(0, len(uids), _SIZES_PER_COMMAND):
            wanted = uids[start : start + _SIZES_PER_COMMAND]
            for item in await self._fetch_items(wanted, "(UID RFC822.SIZE)"):
                if item.size is not None:
                    sizes[item.uid] = item.size
        return sizes

    async def fetch(self, uids: tuple[int, ...], sizes: Mapping[int, int] | None = None) -> tuple[FetchedMail, ...]:
        """Return these messages as far as the server gives them; see `Mailbox.fetch`.

        Raises:
            ValueError: more than `MAX_FETCH` UIDs.
            MailboxUnreachable: see `Mailbox`.
        """
        if len(uids) > MAX_FETCH:
            raise ValueError(f"{len(uids)} messages asked for at once, at most {MAX_FETCH} are allowed")
        sizes = await self.sizes(uids) if sizes is None else {uid: sizes[uid] for uid in uids if uid in sizes}
        huge = tuple(sorted(uid for uid, octets in sizes.items() if octets > MAX_MESSAGE_OCTETS))
        mails = list(await self._bodies(huge, {}, _HEADERS)) if huge else []
        for batch in batches({uid: octets for uid, octets in sizes.items() if uid not in huge}):
            mails += await self._bodies(batch, sizes, _WHOLE)
        return tuple(sorted(mails, key=lambda mail: mail.uid))

    async def wait_for_news(self, seconds: float) -> bool:
        """Wait until the server tells of new mail; see `Mailbox.wait_for_news`."""
        answer_seconds = self._settings.timeout_seconds
        async with self._lock:
            try:
                return await self._connection().idle(seconds=seconds, answer_seconds=answer_seconds)
            except (CommandFailed, TimeoutError, OSError) as fault:
                self._drop()
                raise MailboxUnreachable(f"{self._peer} was lost while waiting for mail ({fault})") from fault
            except BaseException:
                self._drop()
                raise

    async def folders(self) -> tuple[str, ...]:
        """Return the names of the folders that can be opened, sorted."""
        return folder_names((await self._ask("LIST", '""', '"*"')).responses)

    async def special_folders(self) -> Mapping[str, str]:
        """Return the names of folders by their use; see `Mailbox.special_folders`."""
        return special_names(self._done(await self._ask("LIST", '""', '"*"'), "LIST"))

    async def find(self, header: str, value: str) -> tuple[int, ...]:
        """Return the UIDs of messages with that header; see `Mailbox.find`."""
        return await self._search("HEADER", quoted(header), quoted(value))

    async def append(self, folder: str, raw: bytes, *, at: datetime, seen: bool = True) -> None:
        """Put a message into a folder; see `Mailbox.append`."""
        flags = "(\\Seen)" if seen else "()"
        words = (quoted(encode_folder(folder)), flags, quoted(appended_at(at)))
        answer = await self._ask("APPEND", *words, octets=len(raw), literal=raw)
        if answer.result != "OK":
            self._drop()
            raise refusal(answer, f"{self._peer} does not take a message into {folder!r}")

    async def probe(self, folder: str = "INBOX") -> MailboxProbe:
        """Try everything on a connection of its own; see `Mailbox.probe`."""
        async with ImapMailbox(self._settings) as other:
            state = await other.examine(folder)
            return MailboxProbe(
                peer=self._peer,
                tls=other._connection().tls,
                state=state,
                folders=await other.folders(),
            )

    async def _search(self, *criteria: str) -> tuple[int, ...]:
        # Without CHARSET: Exchange and Yahoo refuse any.
        answer = await self._ask("SEARCH", *criteria, prefix="UID")
        return search_uids(self._done(answer, "SEARCH"))

    async def _bodies(self, uids: tuple[int, ...], sizes: Mapping[int, int], item: str) -> list[FetchedMail]:
        octets = sum(sizes.get(uid, 0) for uid in uids)
        items = await self._fetch_items(uids, f"(UID INTERNALDATE {item})", octets=octets)
        truncated = item != _WHOLE
        return [
            FetchedMail(uid=found.uid, raw=found.body, internal_date=found.arrived_at, truncated=truncated)
            for found in items
            if found.body is not None
        ]

    async def _fetch_items(self, uids: tuple[int, ...], items: str, *, octets: int = 0) -> Iterable[FetchItems]:
        """Return what was said of these UIDs, the last word on each; after a NO, the server has not got them all."""
        wanted = ",".join(map(str, uids))
        answer = await self._ask("FETCH", wanted, items, prefix="UID", octets=octets)
        responses = answer.responses if answer.result == "NO" else self._done(answer, "FETCH")
        found = (fetch_items(response) for response in responses)
        return [item for item in found if item is not None and item.uid in uids]

    async def _ask(
        self, name: str, *words: str, prefix: str = "", octets: int = 0, literal: bytes | None = None
    ) -> Answer:
        """Send one command within the deadline; whatever goes wrong, the connection is closed after it."""
        idle_seconds = self._settings.timeout_seconds
        async with self._lock:
            protocol = self._connection()
            try:
                async with asyncio.timeout(idle_seconds + octets / _SLOWEST_OCTETS_PER_SECOND):
                    return await protocol.ask(
                        name, *words, prefix=prefix, idle_seconds=idle_seconds, octets=octets, literal=literal
                    )
            except TimeoutError as late:
                self._drop()
                raise MailboxUnreachable(f"{self._peer} did not finish {name} in time: try again later") from late
            except (CommandFailed, OSError) as fault:
                self._drop()
                raise MailboxUnreachable(f"{self._peer} was lost at {name} ({fault}): try again later") from fault
            except BaseException:
                self._drop()
                raise

    def _done(self, answer: Answer, name: str) -> tuple[Response, ...]:
        if answer.result != "OK":
            self._drop()
            raise MailboxUnreachable(f"{self._peer} did not do {name}: {answer.result} {answer.words}")
        return answer.responses

    @property
    def _peer(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _connection(self) -> ImapProtocol:
        if self._protocol is None:
            raise MailboxUnreachable(f"not connected to {self._peer}: connect first")
        return self._protocol

    def _drop(self) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.abort()
