"""Two receiving servers: Postfix's `smtp-sink`, which only swallows, and one on aiosmtpd that obeys the test."""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Self

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.dovecot import make_certificate
from tests.servers.process import (
    HOST,
    UNPRIVILEGED,
    ServerProcess,
    find_binary,
    free_port,
    give_away,
    is_root,
    make_folder,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message as it came over the wire: envelope sender, recipients in order, and the bytes."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes


class SinkServer:
    """Postfix's `smtp-sink`; `options` are its own flags, e.g. `("-q", "DATA")` to drop the link there.

    `dump`: whether it keeps what it takes; for a benchmark it does not.
    """

    def __init__(self, *options: str, dump: bool = True) -> None:
        program = find_binary("smtp-sink", "apt-get install postfix (only smtp-sink is used)")
        self._folder = make_folder("sink")
        self.host = HOST
        self.port = free_port()
        dumps = self._folder / "dumps"
        dumps.mkdir()
        give_away(dumps)
        user = ("-u", UNPRIVILEGED) if is_root() else ()
        keep = ("-d", "%s.") if dump else ()
        command = [program, *user, *options, *keep, f"{HOST}:{self.port}", "100"]
        self._dumps = dumps
        self._process = ServerProcess(command, self.port, log=self._folder / "log", cwd=dumps)

    def start(self) -> None:
        """Starts, or starts again, on the same port."""
        self._process.start()

    def stop(self) -> None:
        """Stops listening and cuts every connection; the dumps stay."""
        self._process.stop()

    def remove(self) -> None:
        """Stops the server and deletes everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def messages(self) -> tuple[Received, ...]:
        """Every message answered so far with 250; line ends are LF, as the sink writes them.

        Oldest first as far as file times tell (some milliseconds); who needs the exact order records with aiosmtpd.
        """
        files = sorted(self._dumps.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return tuple(map(_read_dump, files))


def _read_dump(path: Path) -> Received:
    """Takes the sink's own header lines off (`X-Mail-Args` … `Received`) and its final empty line."""
    head, received, rest = path.read_bytes().partition(b"\nReceived: ")
    assert received, f"{path} is not a dump of smtp-sink"
    sender = re.search(rb"^X-Mail-Args: <(.*?)>", head, re.MULTILINE)
    recipients = re.findall(rb"^X-Rcpt-Args: <(.*?)>", head, re.MULTILINE)
    _trace, _by, _date, raw = rest.split(b"\n", 3)
    return Received(
        sender=sender.group(1).decode() if sender else "",
        recipients=tuple(recipient.decode() for recipient in recipients),
        raw=raw.removesuffix(b"\n"),
    )


class Fault(Enum):
    """Where the link is lost."""

    BEFORE_354 = auto()
    AFTER_354 = auto()
    AFTER_DOT_LOST = auto()
    AFTER_DOT_KEPT = auto()


def lose_link(server: SMTP) -> None:
    """Resets the connection without a word, as a crashed server or a cut line does."""
    assert isinstance(server.transport, asyncio.WriteTransport)
    server.transport.abort()


class _Session(SMTP):
    """One connection that can be cut inside DATA."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 -- aiosmtpd looks commands up by this name
        fault = self.event_handler.fault
        if fault is Fault.AFTER_354:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
        if fault in {Fault.BEFORE_354, Fault.AFTER_354}:
            lose_link(self)
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    """Makes our sessions; aiosmtpd's own way to pass options would take `hostname` for the address to bind."""

    session_options: dict[str, Any]

    def factory(self) -> SMTP:
        return _Session(self.handler, **self.session_options)


class RecordingSmtp:
    """A real SMTP server in a thread that records what it accepts and answers as the test says.

    `answers` maps a recipient to the reply for its RCPT ("550 5.1.1 no such user"), `data_reply` is the reply after
    the dot, `fault` cuts the link, `wait_seconds` delays the reply after the dot. All may be changed while it runs.
    With `login` the server demands AUTH; with `tls` it offers STARTTLS, or speaks TLS from the start ("implicit").
    """

    def __init__(self, *, login: tuple[str, str] | None = None, tls: str = "none") -> None:
        self.host = HOST
        self.port = free_port()
        self.messages: list[Received] = []
        self.answers: dict[str, str] = {}
        self.data_reply: str | None = None
        self.fault: Fault | None = None
        self.wait_seconds = 0.0
        self.connections = 0
        self._login = login
        self._tls = tls
        self._folder = make_folder("smtp")
        self.ca_file: Path | None = make_certificate(self._folder) if tls != "none" else None
        self._controller: _Controller | None = None

    def start(self) -> None:
        """Starts, or starts again, on the same port."""
        session: dict[str, Any] = {"hostname": "mx.customer.test"}
        listener: dict[str, Any] = {}
        if self._login is not None:
            session |= {"authenticator": self._authenticate, "auth_required": True}
            session["auth_require_tls"] = self._tls == "starttls"
        if self.ca_file is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.ca_file, self._folder / "key.pem")
            if self._tls == "implicit":
                listener["ssl_context"] = context
            else:
                session["tls_context"] = context
        self._controller = _Controller(self, HOST, self.port, **listener)
        self._controller.session_options = session
        self._controller.start()

    def stop(self) -> None:
        """Stops listening; what was recorded stays."""
        controller, self._controller = self._controller, None
        if controller is not None:
            controller.stop()

    def remove(self) -> None:
        """Stops the server and deletes everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self._login, handled=False)

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd looks hooks up by this name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Counts the connections that got as far as a greeting; says what aiosmtpd can, but does not say."""
        session.host_name = hostname
        self.connections += 1
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd looks hooks up by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answers as the test says for this recipient; accepts everybody else."""
        answer = self.answers.get(address, "250 2.1.5 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 -- aiosmtpd looks hooks up by this name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Records an accepted message before the reply leaves, or loses the link as the test says."""
        await asyncio.sleep(self.wait_seconds)
        reply = self.data_reply or "250 2.0.0 OK: queued"
        content = envelope.original_content
        assert isinstance(content, bytes)
        if reply.startswith("2") and self.fault is not Fault.AFTER_DOT_LOST:
            message = Received(sender=envelope.mail_from or "", recipients=tuple(envelope.rcpt_tos), raw=content)
            self.messages.append(message)
        if self.fault is not None:
            lose_link(server)
        return reply


@pytest.fixture
def smtp_sink() -> Iterator[SinkServer]:
    """A running `smtp-sink` that accepts everything."""
    server = SinkServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def recording_smtp() -> Iterator[RecordingSmtp]:
    """A running aiosmtpd without TLS and AUTH that accepts everything until told otherwise."""
    with RecordingSmtp() as server:
        yield server
