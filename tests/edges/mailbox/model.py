"""A small IMAP server that keeps to the law and is nasty within it, and knows what was ever delivered to it.

Between any two responses it says things nobody asked for (EXISTS, EXPUNGE, FETCH with flags of others, alerts). It
shows a new mail late: not in searches, or not in the answer to a fetch, for a look or two. It numbers folders anew,
gives UIDs of before to other mails then, holds several copies of a mail, and moves mails between folders.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum, auto

from mailer.mailbox import ImapSettings

_COMMAND = re.compile(r"(\S+) (UID )?(\w+) ?(.*)")


class Shy(Enum):
    """How a mail is kept back at first."""

    FROM_SEARCH = auto()
    FROM_FETCH = auto()


@dataclass
class ModelMail:
    """A mail in a folder. `shy_looks`: how many looks more it is kept back; `seen_looks`: how many it was shown in."""

    uid: int
    raw: bytes
    shy: Shy
    shy_looks: int
    seen_looks: int = 0
    hidden: bool = False


@dataclass
class ModelFolder:
    uidvalidity: int = 1
    uidnext: int = 1
    mails: list[ModelMail] = field(default_factory=list)

    def add(self, raw: bytes, chance: random.Random) -> None:
        shy_looks = chance.choice((0, 0, 1, 2))
        self.mails.append(ModelMail(uid=self.uidnext, raw=raw, shy=chance.choice(list(Shy)), shy_looks=shy_looks))
        self.uidnext += chance.choice((1, 1, 1, 7))

    def renumber(self, chance: random.Random) -> None:
        """Number anew from 1, in another order: every UID of before may mean another mail now."""
        self.uidvalidity += 1
        self.uidnext = 1
        chance.shuffle(self.mails)
        for mail in self.mails:
            mail.uid, mail.seen_looks = self.uidnext, 0
            self.uidnext += 1

    def look(self) -> None:
        for mail in self.mails:
            mail.hidden = mail.shy_looks > 0
            if mail.hidden:
                mail.shy_looks -= 1
            else:
                mail.seen_looks += 1


class ModelImap:
    """The server. `chance` decides everything, so that a seed repeats a run."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.folders = {"INBOX": ModelFolder(), "Junk": ModelFolder()}
        self.port = 0

    def settings(self) -> ImapSettings:
        return ImapSettings(host="127.0.0.1", port=self.port, security="none", username="u", password="p")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        folder = ModelFolder()
        try:
            while line := await reader.readline():
                found = _COMMAND.fullmatch(line.decode().strip())
                assert found is not None, line
                tag, _, name, words = found.groups()
                if name == "EXAMINE":
                    folder = self.folders[words.strip('"')]
                    folder.look()
                for response in self._answer(name, words, folder):
                    writer.write(response)
                    writer.write(self._news(folder, name))
                writer.write(f"{tag} OK done\r\n".encode())
                await writer.drain()
                if name == "LOGOUT":
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _answer(self, name: str, words: str, folder: ModelFolder) -> list[bytes]:
        if name == "EXAMINE":
            stated = f"* OK [UIDVALIDITY {folder.uidvalidity}] x\r\n* OK [UIDNEXT {folder.uidnext}] x\r\n"
            return [f"* {len(folder.mails)} EXISTS\r\n{stated}".encode()]
        if name == "SEARCH":
            shown = [m for m in folder.mails if not (m.hidden and m.shy is Shy.FROM_SEARCH)]
            first = int(words.removeprefix("UID ").removesuffix(":*")) if words.startswith("UID ") else 0
            uids = [m.uid for m in shown if m.uid >= first] or [m.uid for m in shown[-1:] if first]
            self.chance.shuffle(uids)
            return [b"* SEARCH" + "".join(f" {uid}" for uid in uids).encode() + b"\r\n"]
        if name == "FETCH":
            wanted = {int(uid) for uid in words.partition(" ")[0].split(",")}
            return [self._fetched(m, words) for m in self._mixed(folder) if m.uid in wanted]
        return [b'* LIST () "/" INBOX\r\n'] if name == "LIST" else []

    def _mixed(self, folder: ModelFolder) -> list[ModelMail]:
        """Return the mails a fetch may show, in any order, now and then one twice."""
        mails = [m for m in folder.mails if not (m.hidden and m.shy is Shy.FROM_FETCH)]
        self.chance.shuffle(mails)
        return mails + mails[: self.chance.choice((0, 0, 1))]

    def _fetched(self, mail: ModelMail, words: str) -> bytes:
        number = self.chance.randrange(1, 99)
        if "RFC822.SIZE" in words:
            return f"* {number} FETCH (RFC822.SIZE {len(mail.raw)} UID {mail.uid})\r\n".encode()
        head = f'* {number} FETCH (UID {mail.uid} INTERNALDATE " 7-Sep-2026 12:00:00 +0000" '
        flags = self.chance.choice(("", "FLAGS (\\Seen UID 3) ", "FLAGS () "))
        return f"{head}{flags}BODY[] {{{len(mail.raw)}}}\r\n".encode() + mail.raw + b")\r\n"

    def _news(self, folder: ModelFolder, name: str) -> bytes:
        """Return what others do to the folder meanwhile; EXPUNGE only where it is allowed (RFC 3501 §7.4.1)."""
        number = self.chance.randrange(1, 99)
        said = [b"", b"", b"* %d EXISTS\r\n" % number, b"* OK [ALERT] soon {9}\r\n", b"* 3 RECENT\r\n"]
        said += [b"* %d FETCH (FLAGS (\\Seen))\r\n" % number, b"* FLAGS (\\Seen a)\r\n"]
        said += [b"* %d FETCH (UID %d FLAGS (\\Deleted))\r\n" % (number, m.uid) for m in folder.mails[:1]]
        if name in {"SEARCH", "FETCH"}:
            said.append(b"* 1 EXPUNGE\r\n")  # only UID commands are used here
        return self.chance.choice(said)


@contextlib.asynccontextmanager
async def model_imap(chance: random.Random) -> AsyncIterator[ModelImap]:
    """Run the server on a free loopback port."""
    peer = ModelImap(chance)
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(peer.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
