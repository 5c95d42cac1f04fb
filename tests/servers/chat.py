"""A language model on loopback that says what the test wants, and remembers all that it was sent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.servers.http import LoopbackServer, QuietHandler

Said = tuple[int, str]


def completion(content: object) -> str:
    """The body of a chat completion with that text, or that object as JSON."""
    text = content if isinstance(content, str | None) else json.dumps(content)
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}], "usage": {"total_tokens": 42}})


def findings(*rows: tuple[str, str], unclear: bool = False) -> str:
    """A completion with findings, each an intent and its quote."""
    return completion({"findings": [{"intent": i, "quote": q} for i, q in rows], "unclear": unclear})


class ChatServer(LoopbackServer):
    """`says` gets the words of the mail and returns status and body; `waits_seconds` comes before every answer."""

    path = "/v1"

    def __init__(self) -> None:
        self.says: Callable[[str], Said] = lambda _: (200, findings())
        self.waits_seconds = 0.0
        self.bodies: list[str] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        super().__init__(_handler(self))

    def mail(self, number: int = -1) -> str:
        """The words of the mail in one of the questions, the last one by default."""
        asked: dict[str, Any] = json.loads(self.bodies[number])
        words: str = json.loads(asked["messages"][-1]["content"])["email"]
        return words


def _handler(server: ChatServer) -> type[QuietHandler]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802 - the library's name
            server.bodies.append(self.body().decode())
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

    return Handler


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    """A running model that sees nothing in any mail."""
    with ChatServer() as server:
        yield server
