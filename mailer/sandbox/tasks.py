"""What the child can do, by name: bytes of a stranger in, plain data and raw bytes out. One more kind is one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailer.replies.parse import parse
from mailer.sandbox.mail_values import mail_to_plain
from mailer.sandbox.pdf_text import pdf_text

Task = Callable[[bytes], tuple[dict[str, Any], bytes]]


def _parse(raw: bytes) -> tuple[dict[str, Any], bytes]:
    return mail_to_plain(parse(raw))


TASKS: dict[str, Task] = {"parse": _parse, "pdf_text": pdf_text}
