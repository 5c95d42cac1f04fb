"""A name server on loopback that gives TXT records, drops them, or says nothing."""

from __future__ import annotations

import socketserver
import threading
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.servers.process import HOST


class DnsServer:
    """`records`: TXT records by name; `silent`: no answer at all; `rcode`: what it says instead of an answer.

    `asked`: every name it was asked for, in order.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[bytes]] = {}
        self.silent = False
        self.rcode = dns.rcode.NOERROR
        self.asked: list[str] = []
        self._server = socketserver.UDPServer((HOST, 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.address = f"{HOST}:{self._server.server_address[1]}"

    def answer(self, raw: bytes) -> bytes | None:
        question = dns.message.from_wire(raw)
        name = question.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if self.silent:
            return None
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.RA
        found = self.records.get(name, [])
        reply.set_rcode(self.rcode if self.rcode or found or name in self.records else dns.rcode.NXDOMAIN)
        if found and not self.rcode:
            texts = [" ".join(_quoted(one[at : at + 255]) for at in range(0, len(one), 255)) for one in found]
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *texts))
        return reply.to_wire()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def _quoted(piece: bytes) -> str:
    return '"' + "".join(f"\\{octet:03d}" for octet in piece) + '"'


def _handler(server: DnsServer) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            raw, socket = self.request
            if (reply := server.answer(raw)) is not None:
                socket.sendto(reply, self.client_address)

    return Handler
