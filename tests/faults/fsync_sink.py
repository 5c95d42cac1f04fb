"""An SMTP server that never lies: each message is on disk (fsync) before its 250. Run as a process of its own.

    python -m tests.faults.fsync_sink PORT FILE [MAILDIR]

FILE gets one JSON line for each accepted message, in order. With MAILDIR each is laid there too, as Microsoft 365 lays
submitted mail into Sent. The answer after the dot is drawn up to 20 ms late, so that there is time to die in.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.faults.history import Delivery
from tests.servers.process import HOST, give_away

LATEST_SECONDS = 0.02


@dataclass
class FsyncSink:
    """Speaks enough of RFC 5321 for a submission client, and keeps what it has accepted."""

    file: Path
    maildir: Path | None = None
    numbers: count[int] = field(default_factory=lambda: count(1))

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client was killed
        finally:
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipients: list[str] = []
        writer.write(b"220 sink.test ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-sink.test\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n")
            elif verb == b"RCPT":
                recipients += re.findall(r"<(.*?)>", line.decode())
                writer.write(b"250 2.1.5 OK\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(random.uniform(0, LATEST_SECONDS))  # noqa: S311 - no secret
                self.keep(recipients, raw[:-3].replace(b"\r\n..", b"\r\n."))
                writer.write(b"250 2.0.0 on disk\r\n")
                recipients = []
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:  # MAIL, RSET, NOOP
                recipients = recipients if verb == b"NOOP" else []
                writer.write(b"250 2.0.0 OK\r\n")
            await writer.drain()

    def keep(self, recipients: list[str], raw: bytes) -> None:
        line = json.dumps({"recipients": recipients, "raw": base64.b64encode(raw).decode()}) + "\n"
        handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        if self.maildir is not None:
            name = f"{1_800_000_000 + next(self.numbers)}.M0P{os.getpid()}.sink"
            draft = self.maildir / "tmp" / name
            draft.write_bytes(raw)
            give_away(draft)
            draft.rename(self.maildir / "new" / name)


def accepted(file: Path) -> list[Delivery]:
    """Return what a sink has accepted so far, in order; a line that is being written is not there yet."""
    if not file.exists():
        return []
    whole, _, _ = file.read_text("utf-8").rpartition("\n")
    found = []
    for line in whole.splitlines():
        said = json.loads(line)
        raw = base64.b64decode(said["raw"])
        message_id = re.search(rb"^Message-ID:\s*<(.*?)>", raw, re.MULTILINE | re.IGNORECASE)
        assert message_id is not None
        found.append(Delivery(recipients=tuple(said["recipients"]), message_id=message_id[1].decode(), raw=raw))
    return found


async def _serve(port: int, sink: FsyncSink) -> None:
    server = await asyncio.start_server(sink.handle, HOST, port, limit=2**24)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    place = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    asyncio.run(_serve(int(sys.argv[1]), FsyncSink(file=Path(sys.argv[2]), maildir=place)))
