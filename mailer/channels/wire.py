"""What has left for the network, and what comes back: known exactly, where aiosmtplib only supposes.

asyncio forgets the unsent rest of a message when the link breaks, so whether the final dot was handed over must be
watched while it happens. And aiosmtplib reads a nine-digit code as its first three digits, and keeps a reply that
nobody asked for until the next command takes it for its own answer: both would make a lie out of a 250.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

_LINE = re.compile(rb"([2-5][0-9][0-9])([ -][^\n]*|\r?)\n")  # RFC 5321 §4.2; a bare LF is forgiven
_MOST_OCTETS = 32_768
_SHOWN_OCTETS = 200
#: aiosmtplib makes of a line that starts so: "this is no SMTP" (code -1).
_NO_SMTP = b"? "


class Wire(asyncio.Protocol):
    """Stands between the socket (or TLS) and aiosmtplib's protocol: passes on whole, well-formed, awaited replies."""

    def __init__(self, transport: asyncio.Transport, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._transport = transport
        self._socket_end = _socket_end(transport)
        #: False while something that was written has not yet been handed to the system's network.
        self._whole = True
        self._awaited = False
        #: Replies still to be asked for, to commands that were written ahead of their turn.
        self._owed = 0
        self._pending = bytearray()
        #: True once something came that no command asked for: the session is out of step.
        self.stray = False
        transport.set_protocol(self)
        self._socket_end.set_write_buffer_limits(high=0)  # told of every change between "empty" and "not empty"
        if self._socket_end is not transport:
            self._socket_end.set_protocol(_BelowTls(self._socket_end.get_protocol(), self))  # type: ignore[arg-type]

    def expect_reply(self) -> None:
        """Let the next whole reply through."""
        self._awaited = True

    def write_ahead(self, lines: Sequence[bytes]) -> None:
        """Send several commands at once (RFC 2920); for the reply to each, in turn, ask `owed_reply`."""
        self._owed += len(lines)
        self._transport.write(b"".join(lines))

    def owed_reply(self) -> tuple[int, str] | None:
        """Return the next of those replies, code and words, when it is here; else let it through once it comes.

        It counts even when the link has ended since. Code -1: what came is no SMTP.
        """
        self._owed -= 1
        end, fault = _reply_end(self._pending)
        if fault:
            return -1, fault[:_SHOWN_OCTETS].decode("utf-8", "replace").strip()
        if not end:
            self._awaited = True
            return None
        lines = bytes(self._pending[:end]).splitlines()
        del self._pending[:end]
        self.stray = self.stray or bool(self._pending and not self._owed)
        return int(lines[0][:3]), b"\n".join(line[4:].strip() for line in lines).decode("utf-8", "surrogateescape")

    def write(self, data: bytes) -> bool:
        """Send this and let the next reply through; False when the link was gone before the first byte of it."""
        if self._socket_end.is_closing() or self._transport.is_closing():
            return False
        self._whole, self._awaited = False, True
        self._transport.write(data)
        self.look()
        return True

    @property
    def whole(self) -> bool:
        """True when every byte that was written has been handed over."""
        self.look()
        return self._whole

    def look(self) -> None:
        """Notice that everything has left; a broken link's empty buffer means the opposite."""
        if not self._socket_end.is_closing() and not self._transport.get_write_buffer_size():
            self._whole = self._whole or not self._socket_end.get_write_buffer_size()

    def data_received(self, data: bytes) -> None:
        """Gather lines until a reply is whole, then hand it on."""
        if self.stray or not (self._awaited or self._owed):
            self.stray = True
            return  # nobody will ask for it: it would only fill the memory
        self._pending += data
        if not self._awaited:
            self.stray = len(self._pending) > _MOST_OCTETS
            return
        end, fault = _reply_end(self._pending)
        if not end and not fault and len(self._pending) > _MOST_OCTETS:
            fault = b"a reply without an end: " + bytes(self._pending[:_SHOWN_OCTETS])
        if fault:
            self._pending.clear()
            self._hand_on(_NO_SMTP + fault[:_SHOWN_OCTETS].replace(b"\n", b" ").strip() + b"\r\n")
        elif end:
            reply = bytes(self._pending[:end])
            del self._pending[:end]
            self.stray = bool(self._pending and not self._owed)
            self._hand_on(reply)

    def _hand_on(self, reply: bytes) -> None:
        self._awaited = False
        self._inner.data_received(reply)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on, and look: the last byte may have left."""
        self._inner.resume_writing()
        self.look()


class _BelowTls(asyncio.BufferedProtocol):
    """Stands between the socket and TLS, only to see when the socket has taken everything."""

    def __init__(self, inner: asyncio.BufferedProtocol, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    def get_buffer(self, sizehint: int) -> Any:
        return self._inner.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._inner.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
        self._wire.look()


def _socket_end(transport: asyncio.Transport) -> asyncio.Transport:
    """Return the transport that owns the socket: asyncio names it nowhere in public below TLS.

    Where there is no such thing (another event loop), TLS itself is taken: "handed over" then means "to TLS".
    """
    tls = getattr(transport, "_ssl_protocol", None)
    below = getattr(tls, "_transport", None)
    return below if isinstance(below, asyncio.Transport) else transport


def _reply_end(pending: bytearray) -> tuple[int, bytes]:
    """Return (where the first reply ends, 0 while it is not whole; the line that is no SMTP, b"" when all are)."""
    start, code = 0, b""
    while (end := pending.find(b"\n", start) + 1) > 0:
        found = _LINE.fullmatch(pending, start, end)
        if found is None or code not in {b"", found[1]}:
            return 0, bytes(pending[start:end])
        if not found[2].startswith(b"-"):
            return end, b""
        start, code = end, bytes(found[1])
    return 0, b""
