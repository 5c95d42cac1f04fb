"""What went over the demo's mail server, kept in the order it came: the exact bytes, and one line of JSON each."""

from __future__ import annotations

import json
from pathlib import Path

from mailer.clock import Clock


class Captures:
    """A folder with 0001.eml, 0002.eml, … and captures.jsonl.

    A line is {"at", "from", "to", "file", "refused"}: `at` by the demo's clock, envelope addresses, `file` None
    and `refused` the server's answer when a recipient was turned away.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._clock = clock
        #: How many messages were kept so far.
        self.count = 0

    def keep(self, sender: str, recipients: tuple[str, ...], raw: bytes) -> None:
        """Keep a message that was accepted."""
        self.count += 1
        name = f"{self.count:04}.eml"
        (self._folder / name).write_bytes(raw)
        self._note(sender, recipients, file=name)

    def refuse(self, sender: str, recipient: str, answer: str) -> None:
        """Note a recipient that was turned away."""
        self._note(sender, (recipient,), refused=answer)

    def _note(self, sender: str, recipients: tuple[str, ...], *, file: str | None = None, refused: str = "") -> None:
        line = {"at": self._clock().isoformat(), "from": sender, "to": recipients, "file": file, "refused": refused}
        with (self._folder / "captures.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
