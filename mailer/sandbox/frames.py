"""How parent and child talk: two lengths (big-endian, 32 bits each), a JSON head, raw bytes. Data only, never pickle.

The child is the part that may be taken over, so nothing it says may become code, and no length it names is believed
beyond these limits.
"""

from __future__ import annotations

import json
import struct
from typing import Any

LENGTHS = struct.Struct(">II")
MAX_HEAD_BYTES = 48_000_000
MAX_BODY_BYTES = 80_000_000


class FrameBroken(ValueError):
    """Bytes that are no frame: too long, or a head that is no JSON object."""


def packed(head: dict[str, Any], body: bytes = b"") -> bytes:
    """Return the frame of a head and a body. Raises FrameBroken when one is larger than the limits."""
    written = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    _check(len(written), len(body))
    return LENGTHS.pack(len(written), len(body)) + written + body


def lengths(start: bytes) -> tuple[int, int]:
    """Return the lengths of head and body that a frame announces in bytes. Raises FrameBroken beyond the limits."""
    head, body = LENGTHS.unpack(start)
    _check(head, body)
    return head, body


def head_of(written: bytes) -> dict[str, Any]:
    """Return the head of a frame. Raises FrameBroken when it is no JSON object."""
    try:
        head = json.loads(written)
    except (ValueError, RecursionError) as problem:
        raise FrameBroken(f"the head of a frame is no JSON: {type(problem).__name__}") from problem
    if not isinstance(head, dict):
        raise FrameBroken("the head of a frame is no JSON object")
    return head


def _check(head: int, body: int) -> None:
    if head > MAX_HEAD_BYTES or body > MAX_BODY_BYTES:
        raise FrameBroken(f"a frame of {head} + {body} bytes is larger than {MAX_HEAD_BYTES} + {MAX_BODY_BYTES}")
