"""The demo's mail server for everybody: takes mail on loopback, keeps a copy, and delivers it to two mailboxes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from email.utils import format_datetime

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.clock import Clock
from workers.demo.captures import Captures
from workers.demo.delivery_report import undelivered
from workers.demo.imap_server import HOST, SandboxImap

SELLER, CUSTOMERS = "seller", "customers"
SERVER_NAME = "mx.sandbox.example"
_NOBODY = "550 5.1.1 <{}>: recipient address rejected: no such user here"


class PostOffice:
    """Takes every message that comes over SMTP; the handler of aiosmtpd.

    The seller's domain goes to the seller's INBOX, all other addresses into one INBOX for all customers. `refused`
    addresses are turned away with 550, mail for `returned` ones is taken and comes back with `send_back`.
    """

    def __init__(
        self,
        imap: SandboxImap,
        captures: Captures,
        clock: Clock,
        *,
        seller_address: str,
        refused: Collection[str],
        returned: Collection[str],
    ) -> None:
        self._imap = imap
        self._captures = captures
        self._clock = clock
        self._seller_domain = seller_address.rpartition("@")[2].lower()
        self._refused = {address.lower() for address in refused}
        self._returned = {address.lower() for address in returned}
        self._to_return: list[tuple[str, str, bytes]] = []
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks hooks up by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer one recipient."""
        if address.lower() in self._refused:
            answer = _NOBODY.format(address)
            self._captures.refuse(envelope.mail_from or "", address, answer)
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks hooks up by this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep and deliver one message."""
        raw = envelope.original_content or b""
        await self._take(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw)
        return "250 2.0.0 OK: delivered"

    async def send_back(self) -> int:
        """Send delivery reports for what could not be delivered; returns how many."""
        waiting, self._to_return = self._to_return, []
        for sender, recipient, raw in waiting:
            report = undelivered(
                raw,
                sender=sender,
                recipient=recipient,
                server=SERVER_NAME,
                number=self._captures.count + 1,
                at=self._clock(),
            )
            await self._take("", (sender,), report)
        return len(waiting)

    async def _take(self, sender: str, recipients: tuple[str, ...], raw: bytes) -> None:
        self._captures.keep(sender, recipients, raw)
        for recipient in recipients:
            domain = recipient.rpartition("@")[2].lower()
            if recipient.lower() in self._returned:
                self._to_return.append((sender, recipient, raw))
            else:
                user = SELLER if domain == self._seller_domain else CUSTOMERS
                await self._imap.put(user, self._traced(sender, recipient) + raw, self._clock())

    def _traced(self, sender: str, recipient: str) -> bytes:
        """Return the header lines that final delivery adds (RFC 5321 §4.4; Delivered-To as most servers write it)."""
        lines = (
            f"Return-Path: <{sender}>",
            f"Delivered-To: {recipient}",
            f"Received: from localhost by {SERVER_NAME} with ESMTP; {format_datetime(self._clock())}",
        )
        return "".join(f"{line}\r\n" for line in lines).encode()


@asynccontextmanager
async def listening(office: PostOffice) -> AsyncIterator[None]:
    """Run the server on a free port of this machine (`office.port`) until the block ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(office, hostname=SERVER_NAME, loop=loop), HOST, 0)
    async with server:
        office.port = server.sockets[0].getsockname()[1]
        yield
