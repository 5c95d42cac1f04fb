"""One message over one session: MAIL, RCPT, the commit, DATA, the message, the dot (RFC 5321 §3.3, RFC 1047)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailer.channels.channel import BeforeBody, BeforeData
from mailer.channels.connection import LinkLostError, SmtpConnection
from mailer.channels.settings import SmtpSettings
from mailer.channels.verdict import Reply, verdict
from mailer.domain.delivery import Accepted, Outcome, Phase, Refused, TryLater, Unknown
from mailer.domain.message import Envelope

_SEND_THE_MESSAGE = 354
_CLOSING = 421


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """MAIL and the customer's RCPT were accepted. `note`: what the server said against the archive copy, or ""."""

    archived: bool = False
    note: str = ""


class Transaction:
    """The steps in their order; whoever calls them commits in between. The session is left clean, or closed."""

    def __init__(self, link: SmtpConnection, settings: SmtpSettings, envelope: Envelope) -> None:
        self._link = link
        self._settings = settings
        self._envelope = envelope

    async def address(self) -> Addressed | Outcome:
        """Do MAIL and RCPT; the addresses go out byte for byte as they are stored."""
        link, envelope = self._link, self._envelope
        eight_bit = not envelope.content.isascii()
        if eight_bit and not link.takes("8bitmime"):
            text = "not sent: the server takes no 8-bit text, and this message was built with some"
            return Refused(text=text, recipient=False, peer=link.peer, tls=link.tls)
        options = [b"SIZE=%d" % len(envelope.content)] if link.takes("size") else []  # RFC 1870
        if eight_bit:
            options.append(b"BODY=8BITMIME")  # RFC 6152
        mail = b" ".join([b"MAIL FROM:<" + envelope.sender.encode("ascii") + b">", *options])
        copies = [_to(envelope.archive)] if self._is_archived() else []
        link.send_ahead(mail, _to(envelope.recipient), *copies)
        ended = await self._accepts(Phase.MAIL, mail)
        ended = ended or await self._accepts(Phase.RCPT, _to(envelope.recipient))
        addressed = ended or await self._archive()
        if not isinstance(addressed, Addressed):
            await link.reset()
        return addressed

    async def _archive(self) -> Addressed | Outcome:
        """Do the RCPT of our own archive: the customer's has decided, so a refusal is only noted."""
        if not self._is_archived():
            return Addressed()
        link, refusal = self._link, await self._accepts(Phase.RCPT, _to(self._envelope.archive))
        if refusal is None:
            return Addressed(archived=True)
        if isinstance(refusal, TryLater) and (refusal.code == _CLOSING or not link.is_open):
            return refusal  # the session is over: nothing can be sent in it
        return Addressed(note=f"; archive copy refused: {refusal.text}")

    def _is_archived(self) -> bool:
        return self._envelope.archive.lower() not in {"", self._envelope.recipient.lower()}

    async def _accepts(self, phase: Phase, line: bytes) -> Outcome | None:
        """Return None when the server accepted this command (25z), else what comes of it."""
        link = self._link
        try:
            reply = await link.command(line, deadline_seconds=self._settings.timeout_seconds)
        except LinkLostError as fault:
            return TryLater(text=f"link lost at {phase.name}: {fault}", peer=link.peer, tls=link.tls, phase=phase)
        if reply.accepts():
            return None
        if reply.kind() not in {4, 5}:
            link.abort()  # out of step: what it would take the next line for, nobody knows
        return verdict(reply, phase=phase, peer=link.peer, tls=link.tls)

    async def send(self, addressed: Addressed, before_data: BeforeData, before_body: BeforeBody) -> Outcome:
        """Commit, then do DATA and the message. From its first byte on, silence is `Unknown`."""
        link = self._link
        if not await before_data():
            await link.reset()
            return TryLater(text="lease lost before DATA", peer=link.peer, tls=link.tls, phase=Phase.NONE)
        outcome = await self._hand_over(before_body)
        if addressed.note and isinstance(outcome, Accepted):
            return replace(outcome, text=outcome.text + addressed.note)
        if addressed.archived and isinstance(outcome, Refused) and outcome.recipient:
            return replace(outcome, recipient=False)  # after the dot nobody says which of the two was meant
        return outcome

    async def _hand_over(self, before_body: BeforeBody) -> Outcome:
        link, phase = self._link, Phase.DATA
        try:
            reply = await link.command(b"DATA", deadline_seconds=self._settings.data_start_seconds)
            if reply.code == _SEND_THE_MESSAGE:
                phase = Phase.DOT
                self._note(before_body)
                reply = await link.body(self._envelope.content)
        except LinkLostError as fault:
            return self._lost(fault, Phase.DATA if phase is Phase.DATA else fault.phase)
        if phase is Phase.DOT and not link.whole:
            phase = Phase.BODY
        outcome = verdict(reply, phase=phase, peer=link.peer, tls=link.tls)
        await self._settle(reply)
        return outcome

    def _note(self, before_body: BeforeBody) -> None:
        try:
            before_body()
        except BaseException:
            self._link.abort()  # the peer waits for a message: the session cannot be used for anything else
            raise

    def _lost(self, fault: LinkLostError, phase: Phase) -> Outcome:
        peer, tls = self._link.peer, self._link.tls
        match phase:
            case Phase.DOT:
                text = f"link lost after the final dot was sent, before the server answered: {fault}"
            case Phase.BODY:
                text = f"link lost in the middle of the message, before the final dot had left: {fault}"
            case _:
                text = f"link lost at DATA, before any of the message was sent: {fault}"
                return TryLater(text=text, peer=peer, tls=tls, phase=Phase.DATA)
        return Unknown(text=text, peer=peer, tls=tls, phase=phase)

    async def _settle(self, reply: Reply) -> None:
        """Make the session fit for the next message: it is after a 2xx, RSET after 4xx and 5xx, close otherwise."""
        if reply.kind() in {4, 5} and reply.code != _CLOSING:
            await self._link.reset()
        elif not reply.accepts():
            self._link.abort()


def _to(address: str) -> bytes:
    return b"RCPT TO:<" + address.encode("ascii") + b">"
