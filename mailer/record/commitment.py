"""The salted commitment of an event's payload: it proves the words without containing them."""

from __future__ import annotations

import hashlib
import json

#: The salt's length in bytes (128 bits): enough that a short payload cannot be guessed from its hash.
SALT_BYTES = 16


def payload_bytes(payload: dict[str, object]) -> bytes:
    """Return the one serialisation that is committed to: JSON, sorted keys, UTF-8, no spaces."""
    return json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def commitment(salt: bytes, body: bytes) -> str:
    """Return SHA-256 of salt and payload, hex. Once the salt is destroyed it says nothing about the payload."""
    return hashlib.sha256(salt + body).hexdigest()
