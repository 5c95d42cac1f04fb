"""The lists of SHA-256 sums that close a case file, as BagIt 1.0 (RFC 8493) and `sha256sum -c` both read them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from mailer.dossier.entry import FileEntry

MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
_PAYLOAD = "data/"
#: sha256sum writes such names in an escape of its own, which BagIt does not know: they are not allowed.
_FORBIDDEN = frozenset("\\\n\r\0")


def manifest(hashes: Mapping[str, str]) -> bytes:
    """Return one line "hash  path" per file, by path. Raises ValueError for a path that the line could not carry."""
    for path in hashes:
        if _FORBIDDEN & set(path) or path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{path!r} cannot stand in a manifest: make it with safe_names()")
    return "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes)).encode()


def closing_entries(hashes: Mapping[str, str]) -> tuple[FileEntry, FileEntry]:
    """Return the last two files, given the SHA-256 (hex) of every file written so far, by path.

    The first lists everything under data/; the second lists the files beside it, the first one among them.
    """
    payload = {path: digest for path, digest in hashes.items() if path.startswith(_PAYLOAD)}
    first = FileEntry(path=MANIFEST, content=manifest(payload))
    tags = {path: digest for path, digest in hashes.items() if path not in payload}
    tags[MANIFEST] = hashlib.sha256(first.content).hexdigest()
    return first, FileEntry(path=TAG_MANIFEST, content=manifest(tags))
