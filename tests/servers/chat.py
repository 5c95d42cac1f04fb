"""A language model on loopback that says what the test wants, and remembers all that it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest

from tests.servers.process import HOST

Said = tuple[int, str]


def completion(content: object) -> str:
    """The body of a chat completion with that text, or that object as JSON."""
    text = content if isinstance(content, str | None) else json.dumps(content)
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}], "usage": {"total_tokens": 42}})


def findings(*rows: tuple[str, str], unclear: bool = False) -> str:
    """A completion with findings, each an intent and its quote."""
    return completion({"findings": [{"intent": i, "quote": q} for i, q in rows], "unclear": unclear})


class ChatServer:
    """`says` gets the words of the mail and returns status and body; `waits_seconds` comes before every answer."""

    def __init__(self) -> None:
        self.says: Callable[[str], Said] = lambda _: (200, findings())
        self.waits_seconds = 0.0
        self.bodies: list[str] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def mail(self, number: int = -1) -> str:
        """The words of the mail in one of the questions, the last one by default."""
        asked: dict[str, Any] = json.loads(self.bodies[number])
        words: str = json.loads(asked["messages"][-1]["content"])["email"]
        return words


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
            server.keys.append(self.headers.get("Authorization", ""))
            server.paths.append(self.path)
            time.sleep(server.waits_seconds)
            status, text = server.says(server.mail())
            body = text.encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if 300 <= status < 400:
                    self.send_header("Location", f"{server.address}/elsewhere")
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # nobody waited for it

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    """A running model that sees nothing in any mail."""
    with ChatServer() as server:
        yield server
