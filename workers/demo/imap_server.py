"""The demo's IMAP server: pymap on loopback, in memory, in this process."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, Identity, Login
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import UserMetadata
from pysasl import SASLAuth
from pysasl.hashing import Cleartext

HOST = "127.0.0.1"


class _Config(Config):
    """What pymap asks for at every connection, without a look-up in the DNS and without a search for plug-ins."""

    @cached_property
    def tls_auth(self) -> SASLAuth:
        """The ways to log in."""
        return SASLAuth.defaults()

    @property
    def greeting(self) -> bytes:
        """The server's first words."""
        return b"Sandbox ready"


class SandboxImap:
    """A running server with one INBOX per user; `put` is what its mail delivery does."""

    def __init__(self, login: Login, port: int) -> None:
        self._login = login
        self.host = HOST
        self.port = port

    async def put(self, user: str, raw: bytes, at: datetime) -> None:
        """Put a message into a user's INBOX, arrived at that time (aware)."""
        async with Identity(user, self._login, None, frozenset()).new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            await inbox.append(AppendMessage(raw, at))


@asynccontextmanager
async def sandbox_imap(passwords: Mapping[str, str]) -> AsyncIterator[SandboxImap]:
    """Run a server with these users (name → password) on a free port of this machine until the block ends."""
    options = Namespace(passlib_cfg=None, proxy_protocol=None)
    config = _Config(
        options,
        host=HOST,
        port=0,
        demo_data=False,
        demo_user="",
        demo_password="",
        tls_enabled=False,
        hash_context=Cleartext(),  # made for this run and gone with it: hashing would only cost time
        cpu_subsystem=Subsystem.for_asyncio(),
    )
    config.apply_context()
    login = Login(config)
    for name, password in passwords.items():
        login.users_dict[name] = UserMetadata(config, name, password=password)
    connected = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(login, config))
    server = await asyncio.start_server(connected, host=HOST, port=0)
    async with server:
        yield SandboxImap(login, server.sockets[0].getsockname()[1])
