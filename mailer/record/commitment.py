"""The salted commitment of an event: it proves the row and its words without containing either."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

#: The salt's length in bytes: enough that a short payload cannot be guessed from its hash. Before the log it was 16.
SALT_BYTES = 32
#: Keeps this hash from ever being mistaken for another use of SHA-256.
_PURPOSE = b"duly/commit/v1\x00"
#: Made once: making it takes longer than what it mostly encodes.
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def payload_bytes(payload: dict[str, object]) -> bytes:
    """Return the one serialisation that is committed to: JSON, sorted keys, UTF-8, no spaces."""
    return _ENCODER.encode(payload).encode()


def committed_bytes(
    *,
    event_id: str,
    customer_id: str | None,
    case_id: str | None,
    policy_version: str,
    refs: Mapping[str, str],
    payload_sha256: bytes,
) -> bytes:
    """Return what an event commits to: its row as far as a leaf does not show it, and the hash of its payload."""
    return payload_bytes(
        {
            "case": case_id,
            "customer": customer_id,
            "id": event_id,
            "payload_sha256": payload_sha256.hex(),
            "policy": policy_version,
            "refs": dict(refs),
        }
    )


def commitment(salt: bytes, committed: bytes) -> str:
    """Return SHA-256 of purpose, salt and the hash of `committed`, hex; once the salt is destroyed it says nothing."""
    return hashlib.sha256(_PURPOSE + salt + hashlib.sha256(committed).digest()).hexdigest()


def early_commitment(salt: bytes, payload: bytes) -> str:
    """Return what an event recorded before the log (migration 0004) committed to: salt and payload only, hex.

    Only JSON objects had such commitments. Insisting on one keeps what `commitment` hashes from passing for an early
    payload: a digest of random bytes is no JSON.
    """
    try:
        is_object = isinstance(json.loads(payload), dict)
    except (ValueError, RecursionError):
        is_object = False
    return hashlib.sha256(salt + payload).hexdigest() if is_object else ""
