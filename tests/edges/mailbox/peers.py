"""Two independent real IMAP servers behind one face: what holds for both is what the product may rely on."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Protocol

from pymap.backend.dict import Config, DictBackend
from pymap.imap import IMAPService
from pymap.parsing.message import AppendMessage

from mailer.mailbox import ImapSettings
from mailer.mailbox.wire import encode_folder
from tests.servers.dovecot import Dovecot
from tests.servers.process import HOST, free_port

USER = "billing@duly.test"
PYMAP_PASSWORD = 'geheim "für" \\uns'


class Peer(Protocol):
    """A running server with one account."""

    settings: ImapSettings

    async def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        """Put the exact bytes into a folder, making it when it is missing."""
        ...


class DovecotPeer:
    """Dovecot over Maildir."""

    def __init__(self, server: Dovecot, *, tls: bool = False) -> None:
        self.server = server
        self.settings = ImapSettings(
            host="localhost" if tls else server.host,
            port=server.tls_port if tls else server.port,
            security="tls" if tls else "none",
            username=server.user,
            password=server.password,
            timeout_seconds=20.0,
            ca_file=str(server.ca_file) if tls else None,
        )

    async def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        self.server.deliver(raw, encode_folder(folder), at=at)


class PymapPeer:
    """pymap in this process, in memory."""

    def __init__(self, config: Config, port: int) -> None:
        self._config = config
        self.settings = ImapSettings(
            host=HOST, port=port, security="none", username=USER, password=PYMAP_PASSWORD, timeout_seconds=20.0
        )

    async def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        mailboxes, _filters = self._config.set_cache[USER]
        if folder not in {entry.name for entry in (await mailboxes.list_mailboxes()).list()}:
            await mailboxes.add_mailbox(folder)
        mailbox = await mailboxes.get_mailbox(folder)
        await mailbox.append(AppendMessage(raw, at, frozenset()))


@contextlib.asynccontextmanager
async def pymap() -> AsyncIterator[PymapPeer]:
    """Run pymap on a free loopback port; its account exists, its folders from the first login on."""
    port = free_port()
    arguments = Namespace(
        host=HOST,
        port=port,
        debug=False,
        cert=None,
        key=None,
        tls=False,
        passlib_cfg=None,
        proxy_protocol=None,
        inherited_sockets=None,
        demo_data=False,
        demo_user=USER,
        demo_password=PYMAP_PASSWORD,
    )
    backend, config = await DictBackend.init(arguments)
    config.apply_context()
    async with AsyncExitStack() as stack:
        await backend.start(stack)
        await IMAPService(backend, config).start(stack)
        identity = await backend.login.authorize(backend.login.demo_user_identity, USER)
        await stack.enter_async_context(identity.new_session())
        yield PymapPeer(config, port)
