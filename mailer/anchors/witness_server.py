"""The HTTP of a witness: one path, POST, small bodies, and a deadline for whoever is slow. A proxy may add TLS."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from mailer.record.witness import MOST_BYTES

#: How long a connection may say nothing, in seconds.
PATIENCE_SECONDS = 10.0
#: Connections at a time, each with its thread; one more is closed at once.
MOST_CONNECTIONS = 64
PATH = "/add-checkpoint"
_LENGTH = re.compile(r"[0-9]{1,9}")


class Answer(NamedTuple):
    """Status, media type and body."""

    status: int
    kind: str
    body: str


class WitnessHttp(ThreadingHTTPServer):
    """A server that is bound and not yet running (`serve_forever`); each connection has a thread, up to a number."""

    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, host: str, port: int, answer: Callable[[bytes], Answer], tell: Callable[[str], None]) -> None:
        """Bind. What `answer` raises becomes 500; `tell` gets a line for each request. Raises OSError."""
        super().__init__((host, port), _Handler)
        self.answer, self.tell = answer, tell
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection its thread, or close it when there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread could be started, so none will make the place free
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer it, and make its place free."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "duly-witness", ""
    timeout = PATIENCE_SECONDS
    server: WitnessHttp

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length) or int(length) > MOST_BYTES:
            self.close_connection = True  # the body stays unread
            self._say(Answer(400, "text/plain", ""))
            return
        body = self.rfile.read(int(length))
        self._say(self._answer(body) if self.path == PATH else Answer(404, "text/plain", ""))

    def _answer(self, body: bytes) -> Answer:
        try:
            return self.server.answer(body)
        except Exception as problem:  # noqa: BLE001 - nothing was remembered, so nothing is cosigned
            self.log_error("not answered: %s", type(problem).__name__)
            return Answer(500, "text/plain", "")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Tell of a request; what a stranger sent is shown without control characters."""
        said = f"{self.address_string()} {format % args}"
        self.server.tell("".join(letter if letter.isprintable() else "?" for letter in said))

    def _say(self, said: Answer) -> None:
        raw = said.body.encode()
        self.send_response(said.status)
        self.send_header("Content-Type", said.kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
